"""What an article mentions besides its topics: dates, countries and cities, with the words that say so."""
