;; A mini-program by hand: each button's message is one letter, and the letter
;; says what `update` does. State of the page: one byte that counts. State of the
;; program: a text that grows. The view shows both.
;;
;; `{{ops}}`, `{{messages}}`, `{{template}}` and the numbers in double braces are
;; put in by the test, which makes the template.
(module
  (type $ret2 (func (param i32 i32) (result i32)))
  (import "mprun:host/log@0.1.0" "write" (func $log (param i32 i32 i32)))
  (import "mprun:host/log@0.1.0" "panic" (func $panic (param i32 i32)))
  (import "mprun:host/clock@0.1.0" "now" (func $now (param i32)))
  (import "mprun:host/random@0.1.0" "bytes" (func $random (param i32 i32)))
  (import "mprun:host/storage@0.1.0" "get" (func $get (param i32 i32 i32)))
  (import "mprun:host/storage@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32)))
  (import "mprun:host/navigation@0.1.0" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "mprun:host/navigation@0.1.0" "redirect" (func $redirect (param i32 i32 i32 i32 i32)))
  (import "mprun:host/navigation@0.1.0" "close" (func $close (param i32 i32 i32 i32)))
  (import "mprun:host/navigation@0.1.0" "relaunch" (func $relaunch (param i32 i32 i32 i32 i32)))
  (import "mprun:host/timer@0.1.0" "after" (func $after (param i64 i32 i32 i32)))
  (import "mprun:host/timer@0.1.0" "cancel" (func $cancel (param i64 i32)))
  (import "mprun:host/toast@0.1.0" "show" (func $toast (param i32 i32 i32)))

  (memory (export "memory") 4)
  (table $t 1 funcref)
  (global $heap (mut i32) (i32.const 131072))

  ;; 0: answers of this program; 256: answers of the host; 1024: ops; 4096:
  ;; messages; 8192: texts; 12288: ids of templates
  (data (i32.const 1024) "{{ops}}")
  (data (i32.const 4096) "{{messages}}")
  (data (i32.const 8192) "second")
  (data (i32.const 8208) "r")
  (data (i32.const 8212) "ok")
  (data (i32.const 8220) "hello")
  (data (i32.const 8228) "n")
  (data (i32.const 8232) "t")
  (data (i32.const 8240) "src/guest.wat:1: oh")
  (data (i32.const 8272) "no")
  (data (i32.const 8276) "who")
  (data (i32.const 8280) "missing")
  (data (i32.const 8300) "writer")
  (data (i32.const 8310) "third")
  (data (i32.const 8320) "V")
  (data (i32.const 8324) "value")
  (data (i32.const 8332) "L")
  (data (i32.const 8336) "O")
  (data (i32.const 8340) "D")
  (data (i32.const 8344) "Z")
  (data (i32.const 8348) "X")
  (data (i32.const 12288) "{{template}}")

  (func $alloc (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (block $enough
      (br_if $enough (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
      (drop (memory.grow (i32.add (i32.div_u (local.get $size) (i32.const 65536)) (i32.const 1)))))
    (local.get $at))

  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (call $alloc (local.get $size)))
    (memory.copy (local.get $at) (local.get $old) (local.get $old_size))
    (local.get $at))

  (func $same (param $a i32) (param $an i32) (param $b i32) (param $bn i32) (result i32)
    (local $i i32)
    (if (i32.ne (local.get $an) (local.get $bn)) (then (return (i32.const 0))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $an)))
        (if (i32.ne (i32.load8_u (i32.add (local.get $a) (local.get $i)))
                    (i32.load8_u (i32.add (local.get $b) (local.get $i))))
          (then (return (i32.const 0))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (i32.const 1))

  ;; ---- answers, all at 0

  (func $fail (param $code i32) (param $text i32) (param $length i32) (result i32)
    (i32.store (i32.const 0) (i32.const 1))
    (i32.store (i32.const 4) (local.get $code))
    (i32.store (i32.const 8) (local.get $text))
    (i32.store (i32.const 12) (local.get $length))
    (i32.store (i32.const 16) (i32.const 0))
    (i32.store (i32.const 20) (i32.const 0))
    (i32.const 0))

  ;; `invalid`, with "missing" at the field of this name.
  (func $refuse_field (param $name i32) (param $name_n i32) (result i32)
    (i32.store (i32.const 512) (local.get $name))
    (i32.store (i32.const 516) (local.get $name_n))
    (i32.store (i32.const 520) (i32.const 8280))
    (i32.store (i32.const 524) (i32.const 7))
    (drop (call $fail (i32.const 3) (i32.const 0) (i32.const 0)))
    (i32.store (i32.const 16) (i32.const 512))
    (i32.store (i32.const 20) (i32.const 1))
    (i32.const 0))

  (func $states (param $app i32) (param $app_n i32) (param $page i32)
                (param $route i32) (param $route_n i32) (param $state i32) (param $state_n i32) (result i32)
    (i32.store (i32.const 0) (i32.const 0))
    (i32.store (i32.const 4) (local.get $app))
    (i32.store (i32.const 8) (local.get $app_n))
    (i32.store (i32.const 12) (local.get $page))
    (i32.store (i32.const 16) (local.get $route))
    (i32.store (i32.const 20) (local.get $route_n))
    (i32.store (i32.const 24) (local.get $state))
    (i32.store (i32.const 28) (local.get $state_n))
    (i32.const 0))

  ;; ---- exports

  (func (export "mprun:app/program@0.1.0#launch") (param $env i32) (param $env_n i32) (result i32)
    (i32.store (i32.const 0) (i32.const 0))
    (i32.store (i32.const 4) (i32.const 0))
    (i32.store (i32.const 8) (i32.const 0))
    (i32.const 0))

  (func (export "mprun:app/program@0.1.0#load")
    (param $app i32) (param $app_n i32) (param $route i32) (param $route_n i32)
    (param $pairs i32) (param $pairs_n i32) (param $env i32) (param $env_n i32) (result i32)
    (local $state i32)
    (if (call $same (local.get $route) (local.get $route_n) (i32.const 8310) (i32.const 5))
      (then (return (call $fail (i32.const 2) (i32.const 0) (i32.const 0)))))
    (if (call $same (local.get $route) (local.get $route_n) (i32.const 8300) (i32.const 6))
      (then (call $after (i64.const 60000) (i32.const 8232) (i32.const 1) (i32.const 256))))
    (local.set $state (call $alloc (i32.const 1)))
    (i32.store8 (local.get $state) (i32.const 0))
    (call $states (local.get $app) (local.get $app_n) (i32.const 1)
      (local.get $route) (local.get $route_n) (local.get $state) (i32.const 1)))

  ;; The program's text with `letter` and then `length` bytes at `at` behind it.
  (func $append (param $p i32) (param $letter i32) (param $at i32) (param $length i32)
    (local $new i32) (local $old_n i32)
    (local.set $old_n (i32.load offset=4 (local.get $p)))
    (local.set $new (call $alloc (i32.add (local.get $old_n) (i32.add (local.get $length) (i32.const 1)))))
    (memory.copy (local.get $new) (i32.load (local.get $p)) (local.get $old_n))
    (i32.store8 (i32.add (local.get $new) (local.get $old_n)) (local.get $letter))
    (memory.copy (i32.add (i32.add (local.get $new) (local.get $old_n)) (i32.const 1)) (local.get $at) (local.get $length))
    (i32.store (local.get $p) (local.get $new))
    (i32.store offset=4 (local.get $p) (i32.add (local.get $old_n) (i32.add (local.get $length) (i32.const 1)))))

  (func $recurse (param i32) (result i32)
    (i32.add (call $recurse (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))

  (func (export "mprun:app/program@0.1.0#update") (param $p i32) (result i32)
    (local $letter i32) (local $state i32) (local $n i32) (local $value i32) (local $value_n i32)
    ;; the letter: of the message, or else of the kind (`shown`, `hidden`, `unloaded`)
    (local.set $letter
      (if (result i32) (i32.load offset=40 (local.get $p))
        (then (i32.load8_u (i32.load offset=36 (local.get $p))))
        (else (i32.load8_u (i32.load offset=28 (local.get $p))))))
    (local.set $state (call $alloc (i32.const 1)))
    (if (i32.load offset=8 (local.get $p))
      (then (i32.store8 (local.get $state) (i32.load8_u (i32.load offset=20 (local.get $p))))))
    ;; the value of the first pair
    (if (i32.load offset=48 (local.get $p))
      (then
        (local.set $value (i32.load offset=8 (i32.load offset=44 (local.get $p))))
        (local.set $value_n (i32.load offset=12 (i32.load offset=44 (local.get $p))))))

    (if (i32.eq (local.get $letter) (i32.const 73)) ;; I: count
      (then (i32.store8 (local.get $state) (i32.add (i32.load8_u (local.get $state)) (i32.const 1)))))
    (if (i32.eq (local.get $letter) (i32.const 65)) ;; A: append
      (then (call $append (local.get $p) (i32.const 97) (i32.const 0) (i32.const 0))))
    (if (i32.or (i32.or (i32.eq (local.get $letter) (i32.const 115)) (i32.eq (local.get $letter) (i32.const 104)))
                (i32.eq (local.get $letter) (i32.const 117))) ;; s, h, u: life cycle
      (then (call $append (local.get $p) (local.get $letter) (i32.const 0) (i32.const 0))))
    (if (i32.eq (local.get $letter) (i32.const 99)) ;; c: a field has changed
      (then
        (if (i32.eq (i32.load8_u (local.get $value)) (i32.const 33)) ;; "!…" is refused
          (then (return (call $fail (i32.const 1) (i32.const 8272) (i32.const 2)))))
        (if (i32.eq (i32.load8_u (local.get $value)) (i32.const 63)) ;; "?…" is no value
          (then (return (call $refuse_field (i32.const 8324) (i32.const 5)))))
        (call $append (local.get $p) (i32.const 99) (local.get $value) (local.get $value_n))))
    (if (i32.eq (local.get $letter) (i32.const 102)) ;; f: a form
      (then
        (if (i32.eqz (local.get $value_n))
          (then (return (call $refuse_field (i32.const 8276) (i32.const 3)))))
        (call $append (local.get $p) (i32.const 102) (local.get $value) (local.get $value_n))))
    (if (i32.eq (local.get $letter) (i32.const 82)) ;; R: refuse, after a write
      (then
        (call $set (i32.const 8228) (i32.const 1) (i32.const 8272) (i32.const 2) (i32.const 256))
        (return (call $fail (i32.const 1) (i32.const 8272) (i32.const 2)))))
    (if (i32.eq (local.get $letter) (i32.const 84)) ;; T: trap
      (then unreachable))
    (if (i32.eq (local.get $letter) (i32.const 80)) ;; P: panic
      (then (call $panic (i32.const 8240) (i32.const 19)) unreachable))
    (if (i32.eq (local.get $letter) (i32.const 76)) ;; L: loop
      (then (loop $for_ever (br $for_ever))))
    (if (i32.eq (local.get $letter) (i32.const 77)) ;; M: memory
      (then (loop $more (drop (memory.grow (i32.const 16))) (br $more))))
    (if (i32.eq (local.get $letter) (i32.const 83)) ;; S: stack
      (then (drop (call $recurse (i32.const 0)))))
    (if (i32.eq (local.get $letter) (i32.const 66)) ;; B: tables
      (then (loop $more (drop (table.grow $t (ref.null func) (i32.const 1000))) (br $more))))
    (if (i32.eq (local.get $letter) (i32.const 72)) ;; H: bytes to the host
      (then (loop $more (call $log (i32.const 4) (i32.const 16384) (i32.const 65536)) (br $more))))
    (if (i32.eq (local.get $letter) (i32.const 71)) ;; G: count in the storage
      (then
        (call $get (i32.const 8228) (i32.const 1) (i32.const 256))
        (local.set $n (call $alloc (i32.const 1)))
        (i32.store8 (local.get $n) (i32.const 48))
        (if (i32.eq (i32.load8_u (i32.const 264)) (i32.const 1))
          (then (i32.store8 (local.get $n) (i32.load8_u (i32.load (i32.const 268))))))
        (i32.store8 (local.get $n) (i32.add (i32.load8_u (local.get $n)) (i32.const 1)))
        (call $set (i32.const 8228) (i32.const 1) (local.get $n) (i32.const 1) (i32.const 256))
        (if (i32.load8_u (i32.const 256)) (then unreachable))
        (i32.store8 (local.get $state) (i32.sub (i32.load8_u (local.get $n)) (i32.const 48)))))
    (if (i32.eq (local.get $letter) (i32.const 87)) ;; W: wait, message t
      (then (call $after (i64.const 0) (i32.const 8232) (i32.const 1) (i32.const 256))))
    (if (i32.eq (local.get $letter) (i32.const 70)) ;; F: wait, message V
      (then (call $after (i64.const 0) (i32.const 8320) (i32.const 1) (i32.const 256))))
    (if (i32.eq (local.get $letter) (i32.const 111)) ;; o, d, z, x: wait, then do as O, D, Z, X
      (then (call $after (i64.const 0) (i32.const 8336) (i32.const 1) (i32.const 256))))
    (if (i32.eq (local.get $letter) (i32.const 100))
      (then (call $after (i64.const 0) (i32.const 8340) (i32.const 1) (i32.const 256))))
    (if (i32.eq (local.get $letter) (i32.const 122))
      (then (call $after (i64.const 0) (i32.const 8344) (i32.const 1) (i32.const 256))))
    (if (i32.eq (local.get $letter) (i32.const 120))
      (then (call $after (i64.const 0) (i32.const 8348) (i32.const 1) (i32.const 256))))
    (if (i32.eq (local.get $letter) (i32.const 74)) ;; J: ten timers, each of which loops
      (then
        (local.set $n (i32.const 10))
        (loop $more
          (call $after (i64.const 0) (i32.const 8332) (i32.const 1) (i32.const 256))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_if $more (local.get $n)))))
    (if (i32.eq (local.get $letter) (i32.const 67)) ;; C: ask for a timer and take it back
      (then
        (call $after (i64.const 0) (i32.const 8232) (i32.const 1) (i32.const 256))
        (call $cancel (i64.load (i32.const 264)) (i32.const 256))
        (if (i32.eqz (i32.load8_u (i32.const 264))) (then unreachable))))
    (if (i32.eq (local.get $letter) (i32.const 116)) ;; t: the timer
      (then (call $append (local.get $p) (i32.const 116) (i32.const 0) (i32.const 0))))
    (if (i32.eq (local.get $letter) (i32.const 79)) ;; O: open "second" for a result
      (then (call $open (i32.const 8192) (i32.const 6) (i32.const 0) (i32.const 0)
              (i32.const 1) (i32.const 8208) (i32.const 1) (i32.const 256))
        (if (i32.load8_u (i32.const 256))
          (then (return (call $fail (i32.const 1) (i32.load (i32.const 268)) (i32.load (i32.const 272))))))))
    (if (i32.eq (local.get $letter) (i32.const 81)) ;; Q: open a page that refuses to load
      (then (call $open (i32.const 8310) (i32.const 5) (i32.const 0) (i32.const 0)
              (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 256))))
    (if (i32.eq (local.get $letter) (i32.const 88)) ;; X: close with "ok"
      (then (call $close (i32.const 1) (i32.const 8212) (i32.const 2) (i32.const 256))))
    (if (i32.eq (local.get $letter) (i32.const 68)) ;; D: redirect
      (then (call $redirect (i32.const 8192) (i32.const 6) (i32.const 0) (i32.const 0) (i32.const 256))))
    (if (i32.eq (local.get $letter) (i32.const 90)) ;; Z: relaunch
      (then (call $relaunch (i32.const 8192) (i32.const 6) (i32.const 0) (i32.const 0) (i32.const 256))))
    (if (i32.eq (local.get $letter) (i32.const 114)) ;; r: a page's result, or its absence
      (then
        (if (i32.load offset=56 (local.get $p))
          (then (call $append (local.get $p) (i32.const 114) (i32.load offset=52 (local.get $p)) (i32.load offset=56 (local.get $p))))
          (else (call $append (local.get $p) (i32.const 114) (local.get $value) (local.get $value_n))))))
    (if (i32.eq (local.get $letter) (i32.const 78)) ;; N: toast
      (then (call $toast (i32.const 8220) (i32.const 5) (i32.const 256))))
    (if (i32.eq (local.get $letter) (i32.const 75)) ;; K: a state that is too large
      (then
        (drop (memory.grow (i32.const 1)))
        (return (call $states (i32.const 0) (i32.const 262145) (i32.load offset=8 (local.get $p))
          (i32.load offset=12 (local.get $p)) (i32.load offset=16 (local.get $p)) (local.get $state) (i32.const 1)))))
    (if (i32.eq (local.get $letter) (i32.const 86)) ;; V: the next view is too large
      (then (i32.store8 (local.get $state) (i32.const 200))))
    (if (i32.eq (local.get $letter) (i32.const 85)) ;; U: the next view asks for the time
      (then (i32.store8 (local.get $state) (i32.const 201))))
    (if (i32.eq (local.get $letter) (i32.const 69)) ;; E: twenty toasts and timers: more asks than an event has
      (then
        (local.set $n (i32.const 20))
        (loop $more
          (call $after (i64.const 60000) (i32.const 8232) (i32.const 1) (i32.const 256))
          (if (i32.load8_u (i32.const 256))
            (then (call $append (local.get $p) (i32.add (i32.const 48) (i32.load8_u (i32.const 264))) (i32.const 0) (i32.const 0))))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_if $more (local.get $n)))))
    (if (i32.eq (local.get $letter) (i32.const 89)) ;; Y: clock and random bytes, twice each
      (then
        (call $now (i32.const 256))
        (call $now (i32.const 320))
        (if (i64.ne (i64.load (i32.const 264)) (i64.load (i32.const 328))) (then unreachable))
        (call $random (i32.const 1) (i32.const 256))
        (if (i32.load8_u (i32.const 256)) (then unreachable))
        (i32.store8 (local.get $state) (i32.and (i32.load8_u (i32.load (i32.const 264))) (i32.const 7)))))

    (call $states (i32.load (local.get $p)) (i32.load offset=4 (local.get $p)) (i32.load offset=8 (local.get $p))
      (i32.load offset=12 (local.get $p)) (i32.load offset=16 (local.get $p)) (local.get $state) (i32.const 1)))

  (func (export "mprun:app/program@0.1.0#view")
    (param $app i32) (param $app_n i32) (param $page i32) (param $route i32) (param $route_n i32)
    (param $state i32) (param $state_n i32) (param $env i32) (param $env_n i32) (result i32)
    (local $text i32)
    (if (i32.eq (i32.load8_u (local.get $state)) (i32.const 201)) ;; not pure
      (then (call $now (i32.const 256))))
    (local.set $text (call $alloc (i32.add (local.get $app_n) (i32.const 1))))
    (i32.store8 (local.get $text)
      (i32.add (i32.const 48) (i32.and (i32.load8_u (local.get $state)) (i32.const 63))))
    (memory.copy (i32.add (local.get $text) (i32.const 1)) (local.get $app) (local.get $app_n))
    (i32.store (i32.const {{text_op}}) (i32.add (local.get $app_n) (i32.const 1)))
    (i32.store (i32.const 0) (i32.const 0))
    (i32.store (i32.const 4) (i32.const 12288))
    (i32.store (i32.const 8) (i32.const 1))
    (i32.store (i32.const 12) (i32.const 0))
    (i32.store (i32.const 16) (i32.const 0))
    (if (i32.eq (i32.load8_u (local.get $state)) (i32.const 200))
      (then
        (drop (memory.grow (i32.const 20)))
        (i32.store (i32.const 16) (i32.const 1048577))))
    (i32.store (i32.const 20) (i32.const 1024))
    (i32.store (i32.const 24) (i32.const {{ops_n}}))
    (i32.store (i32.const 28) (local.get $text))
    (i32.store (i32.const 32) (i32.add (local.get $app_n) (i32.const 1)))
    (i32.store (i32.const 36) (i32.const 4096))
    (i32.store (i32.const 40) (i32.const {{messages_n}}))
    (i32.const 0))

  ;; Another version's states are taken over with an "m" in front, unless they
  ;; are the state of a page that has counted to 3.
  (func (export "mprun:app/program@0.1.0#migrate")
    (param $page i32) (param $route i32) (param $route_n i32) (param $state i32) (param $state_n i32)
    (param $env i32) (param $env_n i32) (result i32)
    (local $new i32)
    (i32.store (i32.const 0) (i32.const 0))
    (if (local.get $page)
      (then
        (if (i32.eq (i32.load8_u (local.get $state)) (i32.const 3))
          (then (i32.store (i32.const 4) (i32.const 0)) (return (i32.const 0))))
        (i32.store (i32.const 4) (i32.const 1))
        (i32.store (i32.const 8) (local.get $state))
        (i32.store (i32.const 12) (local.get $state_n))
        (return (i32.const 0))))
    (local.set $new (call $alloc (i32.add (local.get $state_n) (i32.const 1))))
    (i32.store8 (local.get $new) (i32.const 109))
    (memory.copy (i32.add (local.get $new) (i32.const 1)) (local.get $state) (local.get $state_n))
    (i32.store (i32.const 4) (i32.const 1))
    (i32.store (i32.const 8) (local.get $new))
    (i32.store (i32.const 12) (i32.add (local.get $state_n) (i32.const 1)))
    (i32.const 0))
)
