{{ additive_measures(
    events=ref('readmissions_by_index'),
    measures={
        'index_discharges': 'true',
        'readmissions_30d': 'days_to_readmission between 0 and 29',
        'readmissions_60d': 'days_to_readmission between 0 and 59',
        'readmissions_90d': 'days_to_readmission between 0 and 89',
    }
) }}
