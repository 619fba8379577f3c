"""Marketing within the policy: consents, campaigns, contests, surveys, segments."""
