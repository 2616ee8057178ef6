variable "name" { default = "web" }
variable "cpu" { default = 512 }
variable "memory" { default = 1024 }
variable "image" { default = "ghcr.io/example/web:1.0.0" }
variable "collector_tag" { default = "v0.49.0" }
