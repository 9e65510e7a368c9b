package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// property is a template whose output no two runs share, and what must be true of it.
type property struct {
	template string
	holds    func(output string) error
}

func matches(pattern string) func(string) error {
	expression := regexp.MustCompile("^(?:" + pattern + ")$")
	return func(output string) error {
		if !expression.MatchString(output) {
			return fmt.Errorf("does not match %s", pattern)
		}
		return nil
	}
}

// soon is how long after the start of this program its last case may run: a machine may be busy.
const soon = 30 * time.Minute

func near(format string, at time.Time, within time.Duration) func(string) error {
	return func(output string) error {
		t, err := time.ParseInLocation(format, output, time.UTC)
		if err == nil && t.Sub(at).Abs() > within {
			err = fmt.Errorf("%v is not near %v", t, at)
		}
		return err
	}
}

// blocks are the PEM blocks of an output in which they follow each other.
func blocks(output string) []*pem.Block {
	var all []*pem.Block
	for rest := []byte(output); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return all
		}
		all = append(all, block)
	}
}

func certificate(output string, at int) (*x509.Certificate, error) {
	all := blocks(output)
	if at >= len(all) || all[at].Type != "CERTIFICATE" {
		return nil, fmt.Errorf("block %d of %d is no certificate", at, len(all))
	}
	return x509.ParseCertificate(all[at].Bytes)
}

// keyFits: certificate and key, printed one after the other, belong together.
func keyFits(output string) error {
	all := blocks(output)
	if len(all) < 2 {
		return fmt.Errorf("%d blocks", len(all))
	}
	_, err := tls.X509KeyPair(pem.EncodeToMemory(all[0]), pem.EncodeToMemory(all[1]))
	return err
}

func validFor(c *x509.Certificate, days int) error {
	if got := c.NotAfter.Sub(c.NotBefore); got != time.Duration(days)*24*time.Hour {
		return fmt.Errorf("valid for %v", got)
	}
	if time.Since(c.NotBefore).Abs() > soon {
		return fmt.Errorf("valid from %v", c.NotBefore)
	}
	return nil
}

func isAuthority(name string, days int) func(string) error {
	return func(output string) error {
		c, err := certificate(output, 0)
		if err != nil {
			return err
		}
		if !c.IsCA || c.Subject.CommonName != name || c.KeyUsage != x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment|x509.KeyUsageCertSign {
			return fmt.Errorf("CA %v, subject %v, usage %b", c.IsCA, c.Subject, c.KeyUsage)
		}
		if err := c.CheckSignatureFrom(c); err != nil {
			return err
		}
		if err := validFor(c, days); err != nil {
			return err
		}
		return keyFits(output)
	}
}

func isServer(days int) func(string) error {
	return func(output string) error {
		c, err := certificate(output, 0)
		if err != nil {
			return err
		}
		if c.IsCA || c.Subject.CommonName != "svc" || strings.Join(c.DNSNames, ",") != "a.b,*.c" ||
			len(c.IPAddresses) != 2 || !c.IPAddresses[0].Equal(net.ParseIP("10.0.0.1")) || !c.IPAddresses[1].Equal(net.ParseIP("::1")) {
			return fmt.Errorf("subject %v, names %v, addresses %v", c.Subject, c.DNSNames, c.IPAddresses)
		}
		if len(c.ExtKeyUsage) != 2 || c.ExtKeyUsage[0] != x509.ExtKeyUsageServerAuth || c.ExtKeyUsage[1] != x509.ExtKeyUsageClientAuth {
			return fmt.Errorf("extended usage %v", c.ExtKeyUsage)
		}
		if err := validFor(c, days); err != nil {
			return err
		}
		return keyFits(output)
	}
}

// isSigned: a server's certificate and key, then its authority's certificate.
func isSigned(output string) error {
	if err := isServer(30)(output); err != nil {
		return err
	}
	c, err := certificate(output, 0)
	if err != nil {
		return err
	}
	authority, err := certificate(output, 2)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	_, err = c.Verify(x509.VerifyOptions{Roots: roots, DNSName: "a.b"})
	return err
}

func isKey(kind string) func(string) error {
	return func(output string) error {
		all := blocks(output)
		if len(all) != 1 || all[0].Type != kind {
			return fmt.Errorf("%d blocks, wanted one %s", len(all), kind)
		}
		var err error
		switch kind {
		case "RSA PRIVATE KEY":
			_, err = x509.ParsePKCS1PrivateKey(all[0].Bytes)
		case "EC PRIVATE KEY":
			_, err = x509.ParseECPrivateKey(all[0].Bytes)
		default:
			_, err = x509.ParsePKCS8PrivateKey(all[0].Bytes)
		}
		return err
	}
}

func isHash(password string) func(string) error {
	return func(output string) error {
		if cost, err := bcrypt.Cost([]byte(output)); err != nil || cost != bcrypt.DefaultCost {
			return fmt.Errorf("cost %d: %v", cost, err)
		}
		return bcrypt.CompareHashAndPassword([]byte(output), []byte(password))
	}
}

const addresses = `(list "10.0.0.1" "::1") (list "a.b" "*.c")`

func properties() []property {
	now := time.Now().UTC()
	day := "2006-01-02"
	all := []property{
		{`{{ now | date "2006-01-02T15:04:05" }}`, near("2006-01-02T15:04:05", now, soon)},
		{`{{ date "2006-01-02T15:04:05" "no date" }}`, near("2006-01-02T15:04:05", now, soon)},
		{`{{ now | dateModify "-36h" | date "2006-01-02T15:04:05" }}`, near("2006-01-02T15:04:05", now.Add(-36*time.Hour), soon)},
		{`{{ now | htmlDate }}`, near(day, now, 25*time.Hour)},
		{`{{ now | unixEpoch }}`, func(output string) error {
			n, err := strconv.ParseInt(output, 10, 64)
			if err == nil && time.Since(time.Unix(n, 0)).Abs() > soon {
				err = fmt.Errorf("not now")
			}
			return err
		}},
		{`{{ ago (now | dateModify "-90m") }}`, matches(`1h30m\d{1,2}s`)},
		{`{{ ago 0 }}`, matches(`\d{6}h\d{1,2}m\d{1,2}s`)},
		{`{{ ago "text" }}`, matches(`0s`)},
		{`{{ uuidv4 }}`, matches(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)},
		{`{{ randAlpha 200 }}`, matches(`[a-zA-Z]{200}`)},
		{`{{ randAlphaNum 200 }}`, matches(`[0-9a-zA-Z]{200}`)},
		{`{{ randNumeric 200 }}`, matches(`[0-9]{200}`)},
		{`{{ randAscii 200 }}`, matches(`[ -~]{200}`)},
		{`{{ randBytes 33 }}`, matches(`[A-Za-z0-9+/]{44}`)},
		{`{{ randInt 3 6 }}`, matches(`[345]`)},
		{`{{ shuffle "aabbc" | splitList "" | sortAlpha | join "" }}`, matches(`aabbc`)},
		{`{{ shuffle "żó" }}`, matches(`żó|óż`)},
		{`{{ keys (dict "a" 1 "b" 2) (dict "c" 3) | sortAlpha | join "," }}`, matches(`a,b,c`)},
		{`{{ values (dict "a" 1 "b" 2) | join "," }}`, matches(`1,2|2,1`)},
		{`{{ bcrypt "secret é" }}`, isHash("secret é")},
		{`{{ htpasswd "user" "secret" }}`, func(output string) error {
			hash, found := strings.CutPrefix(output, "user:")
			if !found {
				return fmt.Errorf("no user")
			}
			return isHash("secret")(hash)
		}},
		{`{{ genPrivateKey "rsa" }}`, isKey("RSA PRIVATE KEY")},
		{`{{ genPrivateKey "" }}`, isKey("RSA PRIVATE KEY")},
		{`{{ genPrivateKey "ecdsa" }}`, isKey("EC PRIVATE KEY")},
		{`{{ genPrivateKey "ed25519" }}`, isKey("PRIVATE KEY")},
		{`{{ $c := genCA "auth" 7 }}{{ $c.Cert }}{{ $c.Key }}`, isAuthority("auth", 7)},
		{`{{ $c := genCAWithKey "auth" 7 (genPrivateKey "ecdsa") }}{{ $c.Cert }}{{ $c.Key }}`, isAuthority("auth", 7)},
		{`{{ $c := genSelfSignedCert "svc" ` + addresses + ` 365 }}{{ $c.Cert }}{{ $c.Key }}`, isServer(365)},
		{`{{ $c := genSelfSignedCertWithKey "svc" ` + addresses + ` 365 (genPrivateKey "ecdsa") }}{{ $c.Cert }}{{ $c.Key }}`, isServer(365)},
		{`{{ $a := genCA "auth" 60 }}{{ $c := genSignedCert "svc" ` + addresses + ` 30 $a }}{{ $c.Cert }}{{ $c.Key }}{{ $a.Cert }}`, isSigned},
		{`{{ $a := genCAWithKey "auth" 60 (genPrivateKey "ed25519") }}{{ $c := genSignedCertWithKey "svc" ` + addresses + ` 30 $a (genPrivateKey "ecdsa") }}{{ $c.Cert }}{{ $c.Key }}{{ $a.Cert }}`, isSigned},
		{`{{ $a := genCA "auth" 60 }}{{ $b := buildCustomCert (b64enc $a.Cert) (b64enc $a.Key) }}{{ $b.Cert }}{{ $b.Key }}`, isAuthority("auth", 60)},
		{`{{ decryptAES "key" (encryptAES "key" "text é") }}`, matches("text é")},
		{`{{ decryptAES "key" (encryptAES "key" "") }}`, matches("")},
	}
	for _, password := range []string{"long", "maximum", "medium", "short", "pin", "basic"} { // against Helm's own
		template := fmt.Sprintf(`{{ derivePassword 7 %q "pass" "user" "site" }}`, password)
		want := reference(template, values())
		all = append(all, property{template, func(output string) error {
			if output != *want.Output {
				return fmt.Errorf("Helm says %s", *want.Output)
			}
			return nil
		}})
	}
	return all
}

// compareProperties holds the engine's outputs to the properties, and Helm's too: a property that Helm does not have
// is a mistake here.
func compareProperties(c *comparison, p *peer) {
	for _, property := range properties() {
		c.cases++
		got, err := p.ask([]testCase{{Template: property.template, Values: values()}})
		check(err)
		for who, a := range map[string]answer{"ours": got[0], "helm": reference(property.template, values())} {
			if a.Error != nil {
				c.report("--- %s\n  %s fails: %s\n", property.template, who, *a.Error)
			} else if err := property.holds(*a.Output); err != nil {
				c.report("--- %s\n  %s: %v\n  %q\n", property.template, who, err, *a.Output)
			}
		}
	}
	acrossEngines(c, p)
}

// acrossEngines: each decrypts what the other encrypted.
func acrossEngines(c *comparison, p *peer) {
	const text = "attack at dawn é"
	encrypt := fmt.Sprintf(`{{ encryptAES "key" %q }}`, text)
	decrypt := func(secret string) string { return fmt.Sprintf(`{{ decryptAES "key" %q }}`, secret) }
	c.cases += 2
	got, err := p.ask([]testCase{{Template: encrypt}})
	check(err)
	if back := reference(decrypt(*got[0].Output), nil); back.Output == nil || *back.Output != text {
		c.report("--- Helm can't decrypt %s: %s\n", got[0], back)
	}
	theirs := reference(encrypt, nil)
	got, err = p.ask([]testCase{{Template: decrypt(*theirs.Output)}})
	check(err)
	if got[0].Output == nil || *got[0].Output != text {
		c.report("--- the engine can't decrypt %s: %s\n", theirs, got[0])
	}
}
