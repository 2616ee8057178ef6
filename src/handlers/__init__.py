"""One Lambda function per file."""
