{{ on_boundary(ref('admissions_by_boundary'), 'marts') }}
