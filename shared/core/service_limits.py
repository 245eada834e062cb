"""What the fine-tuning service takes, as of one day: limits of files, images and training.

Sources: Azure OpenAI documentation, quotas-limits (February 2026) and fine-tuning-vision; the capability
`MaxTrainingFileSize` of an account (October 2025). An account's own capabilities may differ.
"""

from datetime import date

LIMITS_OF = date(2026, 2, 1)

# A file's size by the account's capability, which is the strictest of the figures; all files of a resource together.
MAX_FILE_BYTES = 512_000_000
MAX_ALL_FILES_BYTES = 1_000_000_000
# Tokens of the training file times epochs.
MAX_TRAINED_TOKENS = 2_000_000_000

MAX_IMAGE_EXAMPLES = 50_000
MAX_IMAGES_PER_EXAMPLE = 64
MAX_IMAGE_BYTES = 10_000_000
