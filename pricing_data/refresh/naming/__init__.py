"""Maps entries of price sources to models and authors, for drafts of new models and for hosts."""
