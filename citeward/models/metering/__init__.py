"""What model calls cost: estimated before, booked after, within a tenant's and a run's allowance."""
