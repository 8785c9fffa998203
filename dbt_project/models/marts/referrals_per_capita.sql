{{ on_boundary(ref('referrals_by_boundary'), 'marts') }}
