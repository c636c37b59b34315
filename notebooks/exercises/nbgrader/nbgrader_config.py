"""A course of one assignment, `backprop`: copy this folder and run `nbgrader generate_assignment backprop` in it."""

c = get_config()  # noqa: F821  (nbgrader's own)

c.CourseDirectory.course_id = "graphviz_ad"
c.ExecutePreprocessor.timeout = 120  # seconds for a cell: an endless loop ends
c.ClearSolutions.code_stub = {"python": "# your code here"}
