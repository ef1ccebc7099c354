"""What happens when a model fails: the next one answers, and nothing is lost or said twice."""
