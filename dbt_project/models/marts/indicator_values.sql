{{ indicator_values('marts') }}
