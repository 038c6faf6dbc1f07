"""What is fitted of an X-ray detector."""

from .detector import Detector as Detector
