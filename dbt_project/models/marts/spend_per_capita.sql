{{ on_boundary(ref('spend_by_boundary'), 'marts') }}
