using System.Diagnostics;
using System.Net.Sockets;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;
using Backup.Foundation.Memory;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Foundation;

public sealed class PassedFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void TheOtherSideWritesIntoTheFileThatWasOpenedHere()
    {
        var (mine, other) = Pair();
        using var _ = mine;
        using var __ = other;
        var path = _folder.File("passed");
        using (var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite))
        {
            PassedFile.Send(mine, "a ticket"u8, file);
        }

        var message = new byte[100];
        using (var received = PassedFile.Receive(other, message, out var length))
        {
            message.AsSpan(0, length).SequenceEqual("a ticket"u8).ShouldBeTrue();
            RandomAccess.Write(received.ShouldNotBeNull(), "written there"u8, 0);
        }

        File.ReadAllText(path).ShouldBe("written there");
    }

    [Fact]
    public void BytesWithoutAFileAreNoFile()
    {
        var (mine, other) = Pair();
        using var _ = mine;
        using var __ = other;
        mine.Send("just bytes"u8);
        PassedFile.Receive(other, new byte[100], out var length).ShouldBeNull();
        length.ShouldBe(10);
        mine.Close();
        PassedFile.Receive(other, new byte[100], out length).ShouldBeNull();
        length.ShouldBe(0);
    }

    [Fact]
    public async Task AWrittenFileIsWholeOnceItIsFlushed()
    {
        var path = _folder.File("written");
        var bytes = new byte[40_000_000];
        new Random(1).NextBytes(bytes);
        await using (var file = new WrittenFile(File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite), "x"))
        {
            for (var at = 0; at < bytes.Length; at += 1_000_000)
            {
                await file.WriteAsync(bytes.AsMemory(at, 1_000_000));
            }

            await file.FlushAsync();
            file.Length.ShouldBe(bytes.Length);
        }

        (await File.ReadAllBytesAsync(path)).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
    }

    /// <summary>As a restore writes: buffers that stand as the disk likes them, then what is left; and buffers that do not, from somewhere in between on.</summary>
    [Theory]
    [InlineData(40, 12_345, false)]
    [InlineData(72, 0, false)]
    [InlineData(40, 4096, true)]
    public async Task AFileThatIsWrittenPastThePageCacheIsTheSame(int megabytes, int rest, bool isShifted)
    {
        const int Part = 1024 * 1024;
        var path = _folder.File("written");
        var bytes = new byte[(megabytes * Part) + rest];
        new Random(2).NextBytes(bytes);
        using var owner = (IDisposable)new NativeBuffer(Part + 1, WrittenFile.Alignment);
        var buffer = (NativeBuffer)owner;
        var isDirect = CanWriteDirectly();
        await using (var file = new WrittenFile(File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite), path))
        {
            for (var at = 0; at < bytes.Length; at += Part)
            {
                var shift = isShifted && at > WrittenFile.DirectFrom + Part ? 1 : 0;
                var part = buffer.Memory.Slice(shift, Math.Min(Part, bytes.Length - at));
                bytes.AsSpan(at, part.Length).CopyTo(part.Span);
                await file.WriteAsync(part);
                // Where this file system can write so, that is how it does.
                var isLarge = at >= WrittenFile.DirectFrom && shift == 0 && part.Length % WrittenFile.Alignment == 0;
                file.IsDirect.ShouldBe(isLarge && isDirect);
            }

            await file.FlushAsync();
            file.IsDirect.ShouldBeFalse("whoever has the file open writes to it as to any other");
        }

        (await File.ReadAllBytesAsync(path)).AsSpan().SequenceEqual(bytes).ShouldBeTrue();
    }

    [Fact]
    public void WhatCannotBeWrittenNamesTheFileAsItsOwnerDoes()
    {
        using var file = new WrittenFile(
            File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write),
            "/backups/dump.archive"
        );
        var failure = Should.Throw<BackupException>(() => file.Write("does not fit"u8));
        failure.Number.ShouldBe(FoundationErrors.DiskFull);
        failure.Message.ShouldContain("/backups/dump.archive");
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Asked of dd, which opens a file so.</summary>
    private bool CanWriteDirectly()
    {
        using var dd = Process.Start(
            "dd",
            ["if=/dev/zero", $"of={_folder.File("probe")}", "bs=4096", "count=1", "oflag=direct", "status=none"]
        );
        dd.WaitForExit();
        return dd.ExitCode == 0;
    }

    private (Socket Mine, Socket Other) Pair()
    {
        var address = new UnixDomainSocketEndPoint(_folder.File("s"));
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(address);
        listener.Listen();
        var mine = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        mine.Connect(address);
        return (mine, listener.Accept());
    }
}
