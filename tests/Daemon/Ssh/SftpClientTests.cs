using System.Security.Cryptography;
using Backup.Daemon.Ssh;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.Daemon.Ssh;

/// <summary>The client against OpenSSH's own server.</summary>
public sealed class SftpClientTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SftpServerFact]
    public async Task Pipelined_writes_of_every_size_arrive_byte_for_byte_and_are_read_back()
    {
        await using var server = await SftpServerUnderTest.StartAsync();
        var content = RandomNumberGenerator.GetBytes(5_000_011);
        var path = _folder.File("some name with 'quotes' and ünïcode");
        var file = await server.Files.OpenAsync(path, SftpOpen.Write | SftpOpen.Create | SftpOpen.Truncate, None);
        var random = new Random(4);
        for (var at = 0; at < content.Length; )
        {
            var length = Math.Min(random.Next(1, 200_000), content.Length - at);
            await file.WriteAsync(at, content.AsMemory(at, length), None);
            at += length;
        }

        (await file.SyncAsync(None)).ShouldBeTrue();
        (await file.StatAsync(None)).Size.ShouldBe(content.Length);
        await file.CloseAsync(None);
        (await File.ReadAllBytesAsync(path)).AsSpan().SequenceEqual(content).ShouldBeTrue();
        File.GetUnixFileMode(path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);

        var again = await server.Files.OpenAsync(path, SftpOpen.Read, None);
        var read = new byte[content.Length];
        for (var at = 0; at < read.Length; )
        {
            var got = await again.ReadAsync(at, read.AsMemory(at), None);
            got.ShouldBeGreaterThan(0);
            at += got;
        }

        read.AsSpan().SequenceEqual(content).ShouldBeTrue();
        (await again.ReadAsync(content.Length, new byte[10], None)).ShouldBe(0);
        await again.CloseAsync(None);
    }

    [SftpServerFact]
    public async Task Names_folders_lengths_and_free_space_are_those_of_the_file_system()
    {
        await using var server = await SftpServerUnderTest.StartAsync();
        var files = server.Files;
        (await files.StatAsync(_folder.File("none"), None)).ShouldBeNull();
        await files.MakeFolderAsync(_folder.File("sub"), None);
        (await files.StatAsync(_folder.File("sub"), None))!.IsFolder.ShouldBeTrue();
        (await files.RealPathAsync(_folder.Path + "/sub/..", None)).ShouldBe(_folder.Path);

        await File.WriteAllTextAsync(_folder.File("a"), "a");
        await File.WriteAllTextAsync(_folder.File("b"), "bb");
        (await files.StatAsync(_folder.File("b"), None))!.ShouldBe(new SftpAttributes(2, 0x81A4));
        await RefusedAsync(SftpStatus.Failure, () => files.RenameAsync(_folder.File("a"), _folder.File("b"), None));
        (await File.ReadAllTextAsync(_folder.File("b"))).ShouldBe("bb", "a plain rename replaces nothing");
        await files.ReplaceAsync(_folder.File("a"), _folder.File("b"), None);
        (await File.ReadAllTextAsync(_folder.File("b"))).ShouldBe("a");
        await files.RenameAsync(_folder.File("sub"), _folder.File("moved"), None);
        await files.RemoveAsync(_folder.File("b"), None);
        _folder.Names().ShouldBe(["moved"]);

        var space = (await files.SpaceAsync(_folder.Path, None))!;
        var drive = new DriveInfo(_folder.Path);
        space.Total.ShouldBe(drive.TotalSize);
        ((double)space.Available / drive.AvailableFreeSpace).ShouldBeInRange(0.9, 1.1);

        var file = await files.OpenAsync(_folder.File("cut"), SftpOpen.Write | SftpOpen.Create, None);
        await file.WriteAsync(0, new byte[100], None);
        await file.FlushAsync(None);
        await file.SetLengthAsync(7, None);
        await file.CloseAsync(None);
        new FileInfo(_folder.File("cut")).Length.ShouldBe(7);
    }

    [SftpServerFact]
    public async Task What_the_server_refuses_is_told_and_the_connection_goes_on()
    {
        await using var server = await SftpServerUnderTest.StartAsync("-R");
        await File.WriteAllTextAsync(_folder.File("a"), "a");
        await RefusedAsync(
            SftpStatus.PermissionDenied,
            () => server.Files.OpenAsync(_folder.File("b"), SftpOpen.Write | SftpOpen.Create, None)
        );
        await RefusedAsync(SftpStatus.NoSuchFile, () => server.Files.OpenAsync(_folder.File("c"), SftpOpen.Read, None));
        var file = await server.Files.OpenAsync(_folder.File("a"), SftpOpen.Read, None);
        await Should.ThrowAsync<SftpException>(async () =>
        {
            await file.WriteAsync(0, new byte[200_000], None);
            await file.FlushAsync(None);
        });
        (await server.Files.StatAsync(_folder.File("a"), None))!.Size.ShouldBe(1);
    }

    [SftpServerFact]
    public async Task Whoever_waits_hears_that_the_server_died_and_so_does_whoever_asks_later()
    {
        await using var server = await SftpServerUnderTest.StartAsync();
        var file = await server.Files.OpenAsync(_folder.File("a"), SftpOpen.Write | SftpOpen.Create, None);
        server.Kill();
        await Should.ThrowAsync<SftpBrokenException>(async () =>
        {
            for (var at = 0L; at < 1L << 30; at += 100_000)
            {
                await file.WriteAsync(at, new byte[100_000], None);
            }
        });
        await Should.ThrowAsync<SftpBrokenException>(() => server.Files.StatAsync("/", None));
    }

    private static async Task RefusedAsync(SftpStatus status, Func<Task> work) =>
        (await Should.ThrowAsync<SftpException>(work)).Status.ShouldBe(status);
}
