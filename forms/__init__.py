"""What each form asks, and what a valid answer is.

A form is written in YAML (`forms/*.yaml`, or the workspace's `forms/` folder) and knows neither
paper nor database: `layouts` places it, `campaign` fills its prefilled facts in.
"""

from forms.catalogue import Catalogue, FormError, load_catalogue
from forms.errors import ClerkError
from forms.model import Field, Form, Kind, Option, Page, Row, Section, Value

__all__ = [
    "Catalogue",
    "ClerkError",
    "Field",
    "Form",
    "FormError",
    "Kind",
    "Option",
    "Page",
    "Row",
    "Section",
    "Value",
    "load_catalogue",
]
