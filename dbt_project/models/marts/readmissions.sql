{{ on_boundary(ref('readmissions_by_boundary'), 'marts') }}
