/* Runs before the first paint so that the chosen theme does not flash.  Without a choice the theme is that of the system. */
{
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
}
