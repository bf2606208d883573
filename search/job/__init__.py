"""A job: its settings, and the file that they are read from."""

from .job import Job as Job
from .keywords import Keywords as Keywords
from .keywords import make_job as make_job
from .reading import read_job as read_job
from .reading import read_setting as read_setting
