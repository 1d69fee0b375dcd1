"""Signs users of Amazon Cognito user pools in, and keeps them signed in: no AWS SDK, no AWS credentials."""

__version__ = "0.1.0"
