"""What every room stands on: settings, errors, files, words. It knows no feed and no figure."""
