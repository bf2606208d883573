"""Reports: pages, figures and tables made of numbers that other rooms compute."""
