"""The learner: a small n-gram model fitted to what is uploaded, and the counting of tokens as they are billed."""
