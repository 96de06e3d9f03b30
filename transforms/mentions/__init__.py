"""What an article mentions besides its topics: dates, and the words that state them."""
