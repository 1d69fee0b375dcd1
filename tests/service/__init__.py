"""Tests on servers that others wrote: ministack, moto, cognito-local."""
