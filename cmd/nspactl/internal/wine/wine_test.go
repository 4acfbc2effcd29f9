// SPDX-License-Identifier: LGPL-2.1-or-later

package wine

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const profileJSON = `{"schema":1,"pid":5,"uptime_ns":100,"total":{"count":7,"ns":70},
"requests":[{"name":"select","count":4,"ns":40,"max_ns":11},{"name":"create_file","count":3,"ns":30,"max_ns":12}]}`

func TestParseProfile(t *testing.T) {
	p, err := ParseProfile([]byte(profileJSON))
	if err != nil {
		t.Fatal(err)
	}
	want := &Profile{1, 5, 100, Counter{7, 70}, []Request{{"select", Counter{4, 40}, 11}, {"create_file", Counter{3, 30}, 12}}}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("%+v", p)
	}
	for name, bad := range map[string]string{
		"empty":     "",
		"cut off":   profileJSON[:len(profileJSON)-3],
		"schema":    strings.Replace(profileJSON, `"schema":1`, `"schema":2`, 1),
		"total":     strings.Replace(profileJSON, `"count":7`, `"count":8`, 1),
		"duplicate": strings.Replace(profileJSON, "create_file", "select", 1),
		"unnamed":   strings.Replace(profileJSON, "create_file", "", 1),
		"negative":  strings.Replace(profileJSON, `"count":4`, `"count":-4`, 1),
		"array":     "[]",
	} {
		if _, err := ParseProfile([]byte(bad)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestSince(t *testing.T) {
	before, _ := ParseProfile([]byte(profileJSON))
	after := &Profile{1, 5, 200, Counter{12, 90}, []Request{
		{"select", Counter{4, 40}, 11}, {"create_file", Counter{6, 45}, 12}, {"get_handle_fd", Counter{2, 5}, 3}}}
	got, err := after.Since(before)
	if want := map[string]uint64{"total": 5, "create_file": 3, "get_handle_fd": 2}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	other := *after
	other.PID = 6
	if _, err := other.Since(before); err == nil {
		t.Error("snapshots of two servers were compared")
	}
	if _, err := before.Since(after); err == nil {
		t.Error("snapshots were compared backwards")
	}
}

func TestEnviron(t *testing.T) {
	for _, name := range []string{"NSPA_LOCAL_FILES", "NSPA_PROFILE", "WINEDEBUG", "WINEPREFIX", "DISPLAY", "XDG_RUNTIME_DIR"} {
		t.Setenv(name, "the user's")
	}
	t.Setenv("KEPT", "yes")
	m := &Mode{Name: "on", Loader: "/w/wine64", Prefix: "/p", Home: "/h", Env: []string{"NSPA_LOCAL_FILES=1"}}
	env := m.environ("X=1")
	for _, kv := range env {
		if strings.Contains(kv, "the user's") {
			t.Errorf("%s got through", kv)
		}
	}
	for _, want := range []string{"KEPT=yes", "WINEPREFIX=/p", "HOME=/h", "NSPA_LOCAL_FILES=1", "X=1", "WINESERVER=/w/wineserver"} {
		if !slices.Contains(env, want) {
			t.Errorf("no %s in %v", want, env)
		}
	}
}

func TestServer(t *testing.T) {
	dir := t.TempDir()
	m := &Mode{Name: "x", Loader: filepath.Join(dir, "wine64")}
	if m.Check() == nil {
		t.Error("a missing Wine passes")
	}
	os.WriteFile(m.Loader, nil, 0o755)
	if m.Check() == nil {
		t.Error("a missing wineserver passes")
	}
	os.WriteFile(filepath.Join(dir, "wineserver"), nil, 0o755)
	if err := m.Check(); err != nil || filepath.Base(m.Server()) != "wineserver" {
		t.Errorf("%v, %s", err, m.Server())
	}
	os.WriteFile(filepath.Join(dir, "wineserver64"), nil, 0o755)
	if filepath.Base(m.Server()) != "wineserver64" {
		t.Errorf("%s", m.Server())
	}
}

func TestWinPath(t *testing.T) {
	if got := WinPath("/a b/c.json"); got != `Z:\a b\c.json` {
		t.Error(got)
	}
}

func TestGates(t *testing.T) {
	file, err := NewFileGate(filepath.Join(t.TempDir(), "gate"))
	if err != nil {
		t.Fatal(err)
	}
	mapped, err := NewMapGate(filepath.Join(t.TempDir(), "gate"))
	if err != nil {
		t.Fatal(err)
	}
	defer mapped.Close()
	for name, g := range map[string]Gate{"file": file, "mapped": mapped} {
		ctx, cancel := context.WithTimeoutCause(context.Background(), 20*time.Millisecond, errors.New("too late"))
		if err := g.Wait(ctx, 1); err == nil || !strings.Contains(err.Error(), "too late") {
			t.Errorf("%s: waiting for a word nobody says: %v", name, err)
		}
		cancel()
		if err := g.Say(1); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := g.Wait(context.Background(), 1); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The other side sees the word in the file itself.
	data, err := os.ReadFile(mapped.Path)
	if err != nil || data[0] != 1 {
		t.Errorf("the mapped file holds %v, %v", data[:1], err)
	}
	again, err := NewFileGate(file.Path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if again.Wait(ctx, 1) == nil {
		t.Error("a word of an earlier run is still there")
	}
}

// A stand-in server: a shell that answers SIGUSR2 as a profiling server does.
func standIn(t *testing.T, script string) *Mode {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m := &Mode{Name: "on", server: cmd, exited: make(chan error, 1)}
	out.Read(make([]byte, 1)) // its traps are set
	go func() { m.exited <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-m.exited
	})
	return m
}

func TestSnapshot(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "profile.json")
	write := func(name string, uptime, count string) {
		data := `{"schema":1,"pid":5,"uptime_ns":` + uptime + `,"total":{"count":` + count + `,"ns":1},"requests":[{"name":"select","count":` + count + `,"ns":1,"max_ns":1}]}`
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("1", "10", "100")
	write("2", "20", "142")
	// The answer comes in two pieces: half a file must not be taken for one.
	m := standIn(t, `cd '`+dir+`'; n=0; trap 'n=$((n+1)); head -c 30 $n >profile.json; sleep 0.05; cat $n >profile.json' USR2; echo; while :; do sleep 0.01; done`)
	got, err := m.Counted(context.Background(), path, func() error { return nil })
	if err != nil || got["total"] != 42 || got["select"] != 42 {
		t.Errorf("%v, %v, want 42", got, err)
	}
	boom := errors.New("boom")
	write("3", "30", "150")
	if _, err := m.Counted(context.Background(), path, func() error { return boom }); !errors.Is(err, boom) {
		t.Errorf("%v", err)
	}
}

func TestSnapshotOfPlainServer(t *testing.T) {
	m := standIn(t, `echo; exec sleep 60`)
	if _, err := m.Snapshot(context.Background(), filepath.Join(t.TempDir(), "p")); err == nil || !strings.Contains(err.Error(), "not a profiling build") {
		t.Errorf("%v", err)
	}
}
