"""The pages for teachers and principals: made on the server, in French first, whole without JavaScript."""
