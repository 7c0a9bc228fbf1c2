using System.Security.Cryptography;
using Backup.Daemon;
using Backup.Daemon.Pushes;
using Backup.Daemon.Ssh;
using Backup.Foundation.Errors;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.Daemon.Ssh;

/// <summary>Pushes through a real sshd, with coreutils as the judge of what arrived.</summary>
public sealed class PushTests : IDisposable
{
    private const string Name = "rs0-1.archive";

    private readonly PushFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [SshdFact]
    public async Task An_archive_arrives_verified_and_a_second_push_of_it_sends_nothing()
    {
        await using var server = await SshdUnderTest.StartAsync();
        var target = await _fixture.TargetAsync(server);
        var pushed = await PushAsync(target, 3_000, subfolder: "a/b");
        var folder = Path.Combine(server.Folder, "a", "b");
        await SameAsync(Path.Combine(folder, Name), await PushFixture.ArchiveAsync(3_000));
        PushFixture.CheckSums(folder).ShouldBe((0, $"{Name}: OK\n"));
        Directory.GetFiles(folder).Select(Path.GetFileName).Order().ShouldBe(["SHA256SUMS", Name]);
        var file = pushed.Files.ShouldHaveSingleItem();
        (file.HashedThere, file.IsSynced, file.WasThere, file.Resumed).ShouldBe((true, true, false, 0));
        (pushed.Documents, pushed.Cuts).ShouldBe((3_110, 0));

        (await PushAsync(target, 3_000, subfolder: "a/b")).Files[0].WasThere.ShouldBeTrue();
        await FailsAsync(DaemonErrors.SshAlreadyThere, () => PushAsync(target, 2_999, subfolder: "a/b"));
        (await PushAsync(target, 100, subfolder: "a/b", name: "other.archive")).Files[0].WasThere.ShouldBeFalse();
        PushFixture.CheckSums(folder).ShouldBe((0, $"{Name}: OK\nother.archive: OK\n"));
        PushFixture.Unsealed().ShouldBeEmpty();
    }

    [SshdFact]
    public async Task Single_files_arrive_in_a_folder_that_has_its_name_only_when_it_is_whole()
    {
        await using var server = await SshdUnderTest.StartAsync();
        var target = await _fixture.TargetAsync(server);
        var pushed = await PushFilesAsync(target, 2_000);
        var folder = Path.Combine(server.Folder, "dump");
        pushed.Files.Count.ShouldBe(6);
        pushed.Documents.ShouldBe(2_110);
        PushFixture.CheckSums(folder).ExitCode.ShouldBe(0);
        File.Exists(Path.Combine(folder, "shop", "it%27s %22odd%22 %25 %2F.bson".Replace(" ", "%20"))).ShouldBeTrue();
        Directory
            .GetFileSystemEntries(server.Folder, "*", SearchOption.AllDirectories)
            .ShouldNotContain(one => one.EndsWith(".part"));
        (await PushFilesAsync(target, 2_000)).Files.ShouldAllBe(file => file.WasThere);
        File.Delete(Path.Combine(folder, "hr", "staff.bson"));
        await FailsAsync(DaemonErrors.SshAlreadyThere, () => PushFilesAsync(target, 2_000));
    }

    [SshdFact]
    public async Task A_connection_that_is_cut_again_and_again_is_made_again_and_goes_on_from_what_is_there()
    {
        await using var server = await SshdUnderTest.StartAsync();
        var target = await _fixture.TargetAsync(server);
        var part = Path.Combine(server.Folder, Name + ".part");
        var cuts = new List<long>();
        var watch = Task.Run(async () =>
        {
            foreach (var at in new[] { 3_000_000L, 9_000_000L, 20_000_000L })
            {
                while (!File.Exists(part) || new FileInfo(part).Length < at)
                {
                    await Task.Delay(2);
                }

                server.CutConnections().ShouldBeGreaterThan(0);
                cuts.Add(new FileInfo(part).Length);
            }
        });
        var pushed = await PushAsync(target, 40_000);
        await watch;
        pushed.Cuts.ShouldBe(3);
        pushed.Files[0].Resumed.ShouldBeGreaterThanOrEqualTo(20_000_000);
        pushed.Documents.ShouldBe(40_110);
        await SameAsync(server, await PushFixture.ArchiveAsync(40_000));
    }

    [SshdFact]
    public async Task What_a_push_before_left_is_gone_on_from_where_it_is_the_same_and_sent_anew_where_it_is_not()
    {
        await using var server = await SshdUnderTest.StartAsync();
        var target = await _fixture.TargetAsync(server);
        var part = Path.Combine(server.Folder, Name + ".part");
        var whole = await PushFixture.ArchiveAsync(3_000);
        var damaged = whole[..2_000_000];
        damaged[1_000] ^= 1;
        byte[][] left =
        [
            whole[..1_234_567],
            whole,
            (await PushFixture.ArchiveAsync(3_000, seed: 2))[..1_000_000],
            [.. whole, 0],
            damaged,
        ];
        long[] resumed = [1_234_567, whole.Length, 0, 0, 0];
        for (var i = 0; i < left.Length; i++)
        {
            await File.WriteAllBytesAsync(part, left[i]);
            var pushed = await PushAsync(target, 3_000);
            // Of other content the last bytes tell it; of damage before them the hash of the whole does.
            pushed.Files[0].Resumed.ShouldBe(resumed[i], $"case {i}");
            await SameAsync(server, whole);
            File.Delete(Path.Combine(server.Folder, Name));
        }
    }

    [SshdFact]
    public async Task A_push_that_is_stopped_leaves_what_was_sent_or_nothing_as_it_is_told()
    {
        await using var server = await SshdUnderTest.StartAsync();
        var target = await _fixture.TargetAsync(server);
        var part = Path.Combine(server.Folder, Name + ".part");
        foreach (var keeps in new[] { true, false })
        {
            using var stop = new CancellationTokenSource();
            var sent = 0;
            await using var restore = PushFixture.Restore(
                10_000,
                each: () => ++sent == 8_000 ? stop.CancelAsync() : Task.CompletedTask
            );
            await Should.ThrowAsync<OperationCanceledException>(() =>
                _fixture.Pushes.PushArchiveAsync(
                    restore,
                    target,
                    "",
                    Name,
                    PushFixture.Options with
                    {
                        KeepsPart = keeps,
                    },
                    cancellation: stop.Token
                )
            );
            File.Exists(part).ShouldBe(keeps);
        }
    }

    [SshdFact]
    public async Task Each_way_of_not_getting_there_has_its_number_and_names_what_to_do()
    {
        await using var server = await SshdUnderTest.StartAsync();
        var target = await _fixture.TargetAsync(server);
        var other = new SshLogin((await _fixture.Tools.MakeKeyAsync("other")).PrivateKey, null);
        await FailsAsync(DaemonErrors.SshLoginRefused, () => PushAsync(target with { Login = other }, 10));
        var missing = target with { Folder = server.Folder + "/none" };
        await FailsAsync(DaemonErrors.SshNoFolder, () => PushAsync(missing, 10));
        (await new SshTargetCheck(_fixture.Tools, TimeProvider.System).RunAsync(missing))
            .Select(static step => (step.Name, step.Error?.Number))
            .ShouldBe([("login", null), ("folder", DaemonErrors.SshNoFolder)]);
        await File.WriteAllTextAsync(Path.Combine(server.Folder, "file"), "");
        await FailsAsync(
            DaemonErrors.SshNoFolder,
            () => PushAsync(target with { Folder = server.Folder + "/file" }, 10)
        );

        var pinned = server.Fingerprint;
        await server.ChangeHostKeyAsync();
        var changed = await FailsAsync(DaemonErrors.SshHostKeyChanged, () => PushAsync(target, 10));
        changed.Message.ShouldContain(pinned);
        changed.Message.ShouldContain(server.Fingerprint);
        await server.DownAsync();
        await FailsAsync(DaemonErrors.SshUnreachable, () => PushAsync(target, 10));
        Directory.GetFiles(server.Folder).Select(Path.GetFileName).ShouldBe(["file"]);
        PushFixture.Unsealed().ShouldBeEmpty();
    }

    [SshdFact]
    public async Task A_server_without_sftp_one_that_prints_and_one_that_may_only_be_read_are_told_apart()
    {
        await using (var server = await SshdUnderTest.StartAsync("Subsystem sftp /bin/false"))
        {
            var target = await _fixture.TargetAsync(server);
            await FailsAsync(DaemonErrors.SshUnreachable, () => PushAsync(target, 10));
        }

        await using (var server = await SshdUnderTest.StartAsync("ForceCommand echo 'Welcome to db7'; cat"))
        {
            var target = await _fixture.TargetAsync(server);
            (await FailsAsync(DaemonErrors.SshNoSftp, () => PushAsync(target, 10))).Message.ShouldContain("Welc");
        }

        await using (var server = await SshdUnderTest.StartAsync("Subsystem sftp internal-sftp -R"))
        {
            var target = await _fixture.TargetAsync(server);
            await FailsAsync(DaemonErrors.SshNotAllowed, () => PushAsync(target, 10));
            var steps = await new SshTargetCheck(_fixture.Tools, TimeProvider.System).RunAsync(target);
            steps[^1].Name.ShouldBe("write");
            steps[^1].Error!.Number.ShouldBe(DaemonErrors.SshNotAllowed);
        }
    }

    [SshdFact]
    public async Task A_test_tries_all_that_a_push_needs_and_leaves_nothing()
    {
        await using var server = await SshdUnderTest.StartAsync();
        var target = await _fixture.TargetAsync(server);
        var steps = await new SshTargetCheck(_fixture.Tools, TimeProvider.System).RunAsync(target);
        steps.ShouldAllBe(step => step.Error == null);
        steps
            .Select(static step => step.Name)
            .ShouldBe(["login", "folder", "space", "write", "sync", "read", "hash", "remove"]);
        steps[0].Text.ShouldContain(server.Fingerprint);
        Directory.GetFileSystemEntries(server.Folder).ShouldBeEmpty();
    }

    [SshdFact]
    public async Task The_keys_of_a_host_are_those_that_its_administrator_reads_out()
    {
        await using var server = await SshdUnderTest.StartAsync();
        var key = (await _fixture.Tools.HostKeysAsync("127.0.0.1", server.Port)).ShouldHaveSingleItem();
        (key.Fingerprint, key.ToString()).ShouldBe((server.Fingerprint, server.HostKey));
        await server.DownAsync();
        await FailsAsync(DaemonErrors.SshUnreachable, () => _fixture.Tools.HostKeysAsync("127.0.0.1", server.Port));
    }

    [SshdFact]
    public void What_a_killed_process_left_unsealed_is_removed_and_what_another_appliance_uses_is_not()
    {
        using var left = SshSecretFolder.Create(Path.GetFullPath(_fixture.SecretsFolder));
        using var others = SshSecretFolder.Create("/another/appliance");
        var path = left.Write("key", "secret"u8);
        File.GetUnixFileMode(path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.GetUnixFileMode(Path.GetDirectoryName(path)!)
            .ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _ = new SshTools(_fixture.SecretsFolder, TimeProvider.System);
        File.Exists(path).ShouldBeFalse();
        Directory.Exists(Path.GetDirectoryName(others.PathOf("x"))).ShouldBeTrue();
    }

    [RootSshdFact]
    public async Task A_password_opens_a_chroot_without_a_shell_and_what_is_pushed_is_read_back()
    {
        using var user = new SshUser();
        var chroot = SshUser.PublicFolder("chroot");
        try
        {
            Directory.CreateDirectory(Path.Combine(chroot, "in"));
            user.Own(Path.Combine(chroot, "in"));
            await using var server = await SshdUnderTest.StartAsync(
                $"PasswordAuthentication yes\nForceCommand internal-sftp\nChrootDirectory {chroot}"
            );
            var target = new SshTarget(
                "vault",
                new SshAddress(user.Name, "127.0.0.1", server.Port),
                "/in",
                SshHostKey.Parse(server.HostKey),
                new SshLogin(null, System.Text.Encoding.UTF8.GetBytes(user.Password))
            );
            var pushed = await PushAsync(target, 3_000);
            pushed.Files[0].HashedThere.ShouldBeFalse();
            pushed.Path.ShouldBe("/in/" + Name);
            await SameAsync(Path.Combine(chroot, "in", Name), await PushFixture.ArchiveAsync(3_000));

            // The top of a chroot belongs to root.
            await FailsAsync(DaemonErrors.SshNotAllowed, () => PushAsync(target with { Folder = "/" }, 10));
            var wrong = target with { Login = new SshLogin(null, "wrong"u8.ToArray()) };
            var refused = await FailsAsync(DaemonErrors.SshLoginRefused, () => PushAsync(wrong, 10));
            refused.Message.ShouldContain("refuses the password");
        }
        finally
        {
            Directory.Delete(chroot, recursive: true);
        }
    }

    [RootSshdFact]
    public async Task A_full_disk_is_told_as_such_and_the_push_goes_on_when_there_is_room()
    {
        await using var server = await SshdUnderTest.StartAsync();
        var target = await _fixture.TargetAsync(server);
        SshUser.Run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", server.Folder);
        try
        {
            await FailsAsync(DaemonErrors.SshNoRoom, () => PushAsync(target, 20_000));
            Directory.GetFiles(server.Folder).ShouldBeEmpty();
            var full = await FailsAsync(
                DaemonErrors.SshDiskFull,
                () => PushAsync(target, 20_000, options: PushFixture.Options with { ChecksSpace = false })
            );
            full.Message.ShouldContain("What was sent stays there");
            SshUser.Run("mount", "-o", "remount,size=64m", server.Folder);
            var pushed = await PushAsync(target, 20_000);
            pushed.Files[0].Resumed.ShouldBeGreaterThan(4 << 20);
            await SameAsync(server, await PushFixture.ArchiveAsync(20_000));
        }
        finally
        {
            SshUser.Run("umount", "--lazy", server.Folder);
        }
    }

    private static Task SameAsync(SshdUnderTest server, byte[] expected) =>
        SameAsync(Path.Combine(server.Folder, Name), expected);

    private static async Task SameAsync(string path, byte[] expected) =>
        SHA256.HashData(await File.ReadAllBytesAsync(path)).ShouldBe(SHA256.HashData(expected));

    private async Task<PushResult> PushAsync(
        SshTarget target,
        int documents,
        string subfolder = "",
        string name = Name,
        PushOptions? options = null
    )
    {
        await using var restore = PushFixture.Restore(documents);
        return await _fixture.Pushes.PushArchiveAsync(restore, target, subfolder, name, options ?? PushFixture.Options);
    }

    private async Task<PushResult> PushFilesAsync(SshTarget target, int documents)
    {
        await using var restore = PushFixture.Restore(documents);
        return await _fixture.Pushes.PushFilesAsync(restore, target, "", "dump", PushFixture.Options);
    }

    private static async Task<BackupException> FailsAsync(int number, Func<Task> work)
    {
        var failure = await Should.ThrowAsync<BackupException>(work);
        failure.Number.ShouldBe(number, failure.Message);
        return failure;
    }
}
