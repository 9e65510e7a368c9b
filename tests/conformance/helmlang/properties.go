package main

func compareProperties(c *comparison, p *peer) {}
