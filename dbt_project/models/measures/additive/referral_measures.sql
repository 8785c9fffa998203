{{ additive_measures(
    events=ref('referral_events'),
    measures={
        'gp_referrals_ers': "source = 'ers'",
        'gp_referrals_hes_op': "source = 'hes_op_gp'",
        'gp_referrals_two_week_wait_pct': "source = 'ers' and is_two_week_wait",
    }
) }}
