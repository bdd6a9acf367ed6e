"""The Django project's one application."""
