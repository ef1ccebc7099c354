import pytest

from citeward.guardrails.pii.credentials import KINDS, credentials, secrets

# Put together here, so that no scanner of repositories takes this file for a leak.
SAMPLES = {
    "AWS_ACCESS_KEY": "AKIA" + "IOSFODNN7EXAMPLE",
    "GITHUB_TOKEN": "ghp_" + "a1B2" * 9,
    "GITLAB_TOKEN": "glpat-" + "a1B2c" * 4,
    "SLACK_TOKEN": "xoxb-" + "12345-67890-abcdef",
    "STRIPE_KEY": "sk_" + "live_" + "a1B2" * 6,
    "GOOGLE_API_KEY": "AIza" + "a1B2c" * 7,
    "HF_TOKEN": "hf_" + "aBcDe" * 7,
    "NPM_TOKEN": "npm_" + "a1B2" * 9,
    "PYPI_TOKEN": "pypi-" + "AgE" + "IcHlwaS5vcmc" * 5,
    "SENDGRID_KEY": "SG." + "a1B2c3D4e5F6g7H8i9J0k1" + "." + "a1B2" * 10,
    "DATABRICKS_TOKEN": "dapi" + "0123abcd" * 4,
    "DIGITALOCEAN_TOKEN": "dop_" + "v1_" + "0123abcd" * 8,
    "SHOPIFY_TOKEN": "shpat_" + "0123abcd" * 4,
    "GOOGLE_SECRET": "GOC" + "SPX-" + "a1B2c3D4" * 3,
    "TELEGRAM_TOKEN": "123456789:" + "AA" + "a1B2c3D4e5F" * 3,
    "SLACK_WEBHOOK": "https://hooks.slack" + ".com/services/T" + "0A1B2C3D/" + "B0A1B2C3D/" + "a1B2c3D4",
    "API_KEY": "sk-" + "proj-a1B2" * 5,
    "JWT": "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0In0" + ".s1gNaTuRe-_",
    "AGE_SECRET_KEY": "AGE-SECRET" + "-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE",
    "PRIVATE_KEY": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "URL_PASSWORD": "postgres://app:" + "hunter22@",
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_found_where_it_stands(kind):
    sample = SAMPLES[kind]
    (finding,) = credentials(f"see {sample} there")
    assert (finding.kind, finding.start, finding.end) == (kind, 4, 4 + len(sample))


@pytest.mark.parametrize(
    "text",
    [
        "sk-learn-is-a-name-with-many-hyphens",
        "the ghp_ prefix is documented",
        "https://example.com:8080/path@v2",
        "-----BEGIN CERTIFICATE-----",
        "eyJust a word. eyJanother one",
    ],
)
def test_what_only_begins_like_one_is_left_alone(text):
    assert list(credentials(text)) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("The password is hunter22x.", "hunter22x"),
        ("api_key=" + "a1B2c3D4" * 3, "a1B2c3D4" * 3),
        ("client secret: " + "x9" * 120 + "==", "x9" * 120 + "=="),
        ("Mein Kennwort lautet Sommer.Haus2024", "Sommer.Haus2024"),
        ("AccountName=x;AccountKey=" + "a1B2" * 20 + "==", "a1B2" * 20 + "=="),
        ("Authorization: Basic " + "dXNlcjpw4" * 3, "dXNlcjpw4" * 3),
    ],
)
def test_a_secret_of_no_known_shape_is_told_by_the_words_before_it(text, value):
    (finding,) = secrets(text)
    assert text[finding.start : finding.end] == value


@pytest.mark.parametrize(
    "text", ["The password policy2 asks for letters", "Forgot your password? Write to support", "version2beta1 is out"]
)
def test_words_around_a_password_are_no_secrets(text):
    assert list(secrets(text)) == []
