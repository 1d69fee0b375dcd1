"""The Secure Remote Password protocol as Amazon Cognito speaks it: `exchange` has the arithmetic, step by step."""
