using System.Diagnostics;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Foundation;

public sealed class DurableFileTests : IDisposable
{
    private static readonly byte[] Content = [1, 2, 3, 4, 5];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_is_there_only_once_it_is_published_and_then_whole()
    {
        var path = _folder.File("a");
        using var file = DurableFile.Create(path);
        file.Append(Content);
        File.Exists(path).ShouldBeFalse();
        file.Publish();
        File.ReadAllBytes(path).ShouldBe(Content);
        _folder.Names().ShouldBe(["a"]);
    }

    [Fact]
    public void Parts_are_written_one_after_another()
    {
        DurableFile.Write(_folder.File("a"), Content.AsMemory(0, 2), default, Content.AsMemory(2));
        File.ReadAllBytes(_folder.File("a")).ShouldBe(Content);
    }

    [Fact]
    public void An_older_file_stays_until_the_new_one_is_published()
    {
        var path = _folder.File("a");
        DurableFile.Write(path, new byte[] { 9 });
        using (var abandoned = DurableFile.Create(path))
        {
            abandoned.Append(Content);
            File.ReadAllBytes(path).ShouldBe([9]);
        }

        File.ReadAllBytes(path).ShouldBe([9]);
        DurableFile.Write(path, Content);
        File.ReadAllBytes(path).ShouldBe(Content);
        _folder.Names().ShouldBe(["a"]);
    }

    [Fact]
    public void Disposed_unpublished_it_leaves_nothing()
    {
        using (var file = DurableFile.Create(_folder.File("a")))
        {
            file.Append(Content);
            _folder.Names().Count.ShouldBe(1);
        }

        _folder.Names().ShouldBeEmpty();
    }

    [Fact]
    public void What_was_appended_can_be_read_back_before_it_is_published()
    {
        using var file = DurableFile.Create(_folder.File("a"));
        file.Append(Content);
        file.Length.ShouldBe(5);
        var back = new byte[3];
        file.Read(1, back);
        back.ShouldBe([2, 3, 4]);
        Should.Throw<IOException>(() => file.Read(3, back));
    }

    [Fact]
    public void A_length_that_is_not_what_was_written_is_never_published()
    {
        var path = _folder.File("a");
        using (var file = DurableFile.Create(path))
        {
            file.Append(Content);
            // Another process cuts the temporary file while it is being written.
            Run("truncate", "--size=2", Temporary());
            Should.Throw<BackupException>(file.Publish).Number.ShouldBe(FoundationErrors.WriteFailed);
        }

        _folder.Names().ShouldBeEmpty();
    }

    [Fact]
    public void Leftovers_of_a_killed_process_are_removed_and_nothing_else()
    {
        File.WriteAllBytes(_folder.File("a"), Content);
        File.WriteAllBytes(_folder.File("a.0123" + DurableFile.TemporarySuffix), Content);
        File.WriteAllBytes(_folder.File("b" + DurableFile.TemporarySuffix), Content);
        File.WriteAllBytes(_folder.File("c.tmp"), Content);
        DurableFile.RemoveLeftovers(_folder.Path).ShouldBe(2);
        _folder.Names().ShouldBe(["a", "c.tmp"]);
    }

    [Fact]
    public void Two_writers_of_one_name_do_not_mix()
    {
        var path = _folder.File("a");
        Parallel.For(
            0,
            20,
            i =>
            {
                var whole = new byte[10_000];
                Array.Fill(whole, (byte)i);
                DurableFile.Write(path, whole);
            }
        );
        var content = File.ReadAllBytes(path);
        content.Length.ShouldBe(10_000);
        content.Distinct().Count().ShouldBe(1);
        _folder.Names().ShouldBe(["a"]);
    }

    [Fact]
    public void A_folder_is_made_with_its_parents_and_deleting_what_is_not_there_is_fine()
    {
        var deep = Path.Combine(_folder.Path, "x", "y", "z");
        DurableFile.CreateFolder(deep);
        DurableFile.CreateFolder(deep);
        Directory.Exists(deep).ShouldBeTrue();
        DurableFile.Delete(Path.Combine(deep, "none"));
        DurableFile.Write(Path.Combine(deep, "one"), Content);
        DurableFile.Delete(Path.Combine(deep, "one"));
        Directory.EnumerateFileSystemEntries(deep).ShouldBeEmpty();
    }

    [Fact]
    public void A_folder_that_is_not_there_is_a_numbered_error()
    {
        var path = Path.Combine(_folder.Path, "none", "a");
        var error = Should.Throw<BackupException>(() => DurableFile.Write(path, Content));
        error.Number.ShouldBe(FoundationErrors.WriteFailed);
        error.Hint.ShouldNotBeEmpty();
        error.Message.ShouldContain(path);
    }

    [Fact]
    public void What_cannot_be_deleted_is_a_numbered_error()
    {
        DurableFile.CreateFolder(_folder.File("a"));

        Should
            .Throw<BackupException>(() => DurableFile.Delete(_folder.File("a")))
            .Number.ShouldBe(FoundationErrors.WriteFailed);
    }

    [Fact]
    public void A_name_that_is_a_folder_is_a_numbered_error_and_leaves_nothing()
    {
        DurableFile.CreateFolder(_folder.File("a"));
        Should
            .Throw<BackupException>(() => DurableFile.Write(_folder.File("a"), Content))
            .Number.ShouldBe(FoundationErrors.WriteFailed);
        _folder.Names().ShouldBe(["a"]);
    }

    [RootFact]
    public void A_full_disk_is_error_1003_transient_and_leaves_the_old_file()
    {
        using var disk = new SmallDisk(_folder.Path, kilobytes: 64);
        var path = Path.Combine(disk.Path, "a");
        DurableFile.Write(path, Content);
        var error = Should.Throw<BackupException>(() => DurableFile.Write(path, new byte[1 << 20]));
        error.Number.ShouldBe(FoundationErrors.DiskFull);
        error.IsTransient.ShouldBeTrue();
        File.ReadAllBytes(path).ShouldBe(Content);
        Directory.EnumerateFiles(disk.Path).Select(Path.GetFileName).ShouldBe(["a"]);
        // Once there is room, the same call succeeds.
        DurableFile.Write(path, new byte[32 << 10]);
        new FileInfo(path).Length.ShouldBe(32 << 10);
    }

    private string Temporary() => _folder.File(_folder.Names().Single());

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false }
        )!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, $"{program}: {error}");
    }

    /// <summary>A file system in memory that is soon full.</summary>
    private sealed class SmallDisk : IDisposable
    {
        public SmallDisk(string parent, int kilobytes)
        {
            Path = System.IO.Path.Combine(parent, "disk");
            Directory.CreateDirectory(Path);
            Run("mount", "-t", "tmpfs", "-o", $"size={kilobytes}k", "tmpfs", Path);
        }

        public string Path { get; }

        public void Dispose() => Run("umount", Path);
    }
}
