"""The web demo: TypeScript sources of the page, and `demo_server`, which serves the built page."""
