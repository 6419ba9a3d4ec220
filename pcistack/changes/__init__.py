"""What deploying one template over another does: in place, replaced, refused, lost."""
