"""What the site is built with beside its pages: a hook, and a few lines over the theme."""
