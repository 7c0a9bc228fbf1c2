using System.Net.Sockets;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;
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
