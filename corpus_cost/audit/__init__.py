"""Bills checked: a provider's export of usage against own prices at each date."""
