/* The archive that CMake packs from charts/samples/ops and charts/microservice. */
    .section .rodata
    .global shipit_samples_begin
    .global shipit_samples_end
shipit_samples_begin:
    .incbin "samples.tgz"
shipit_samples_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
