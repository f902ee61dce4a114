//! Tools for authors of filters.
