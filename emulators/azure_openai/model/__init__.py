"""The learner: a small n-gram model that is really fitted to what is uploaded, and counts tokens as the service bills them."""
