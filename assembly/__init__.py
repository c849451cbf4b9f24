"""assembly: places webs, joins them into one, and turns struts into a printable solid."""
