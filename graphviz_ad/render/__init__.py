"""How a Scene looks: layout engines, one display list, and its lowerings to SVG, PNG, PDF and DOT."""
