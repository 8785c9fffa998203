{{ on_boundary(ref('visits_by_boundary'), 'marts') }}
