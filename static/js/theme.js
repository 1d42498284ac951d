/* Loaded before the page is painted, so that a chosen theme does not flash.  The system's is used without a choice. */
{
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
}
