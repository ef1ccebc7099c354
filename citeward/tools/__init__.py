"""Tools that ship with the library, and toolsets: typed functions and LangChain tools under one contract."""
