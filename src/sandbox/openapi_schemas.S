/* The API server's own schemas, compressed; made by tools/k8s-schema. */
    .section .rodata
    .global shipit_openapi_schemas_begin
    .global shipit_openapi_schemas_end
shipit_openapi_schemas_begin:
    .incbin "sandbox/openapi_schemas.z"
shipit_openapi_schemas_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
