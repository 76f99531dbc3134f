"""What every compute backend needs: the job journal, the sandbox of containers, the image cache."""
