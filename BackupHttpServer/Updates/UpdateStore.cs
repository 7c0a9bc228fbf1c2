using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Backup.Foundation.Contracts;
using Backup.Foundation.Files;

namespace Backup.BackupHttpServer.Updates;

/// <summary>A build of the agent, as it is kept.</summary>
/// <param name="File">Its name in the folder.</param>
public sealed record UpdateBuild(string Version, string Platform, string Sha256, long Length, string File);

/// <summary>
/// The builds that are offered to agents, one for each platform: <c>PLATFORM.json</c> beside the program that it names. A program is there whole before
/// its description is; one that no description names was left by a process that was killed, and goes with the next offer. Thread-safe.
/// </summary>
public sealed class UpdateStore(string folder)
{
    private const string Suffix = ".json";
    private const string Program = "build-";
    private const int HeaderLength = 20;
    private const int Block = 64 * 1024;

    // Source: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html, e_ident and e_machine.
    private const int MachineOffset = 18;
    private const ushort X64 = 62;
    private const ushort Arm64 = 183;

    private readonly Lock _lock = new();

    /// <summary>Takes a program in; from then on its platform's agents are told of it.</summary>
    /// <param name="path">A file of this host.</param>
    /// <param name="version">Three numbers.</param>
    /// <exception cref="Foundation.Errors.BackupException">8052 no program, or no version; 1003, 1004: nothing has changed.</exception>
    public UpdateBuild Offer(string path, string version)
    {
        if (!UpdateOffer.TryVersion(version, out _))
        {
            throw BackupHttpServerErrors.BadBuild(
                path,
                $"'{version}' is no version: three numbers are, for example 1.4.0"
            );
        }

        lock (_lock)
        {
            DurableFile.CreateFolder(folder);
            _ = DurableFile.RemoveLeftovers(folder);
            var build = TakeIn(path, version);
            DurableFile.Write(
                Path.Combine(folder, build.Platform + Suffix),
                JsonSerializer.SerializeToUtf8Bytes(build, JsonSerializerOptions.Web)
            );
            RemoveUnnamed();
            return build;
        }
    }

    /// <summary>No longer offers anything to that platform's agents. False where nothing was.</summary>
    public bool Withdraw(string platform)
    {
        lock (_lock)
        {
            if (Find(platform) is null)
            {
                return false;
            }

            DurableFile.Delete(Path.Combine(folder, platform + Suffix));
            RemoveUnnamed();
            return true;
        }
    }

    /// <summary>Every build that is offered, by platform.</summary>
    public IReadOnlyList<UpdateBuild> List()
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        return
        [
            .. Directory
                .EnumerateFiles(folder, "*" + Suffix)
                .Order(StringComparer.Ordinal)
                .Select(path => Find(Path.GetFileNameWithoutExtension(path)))
                .OfType<UpdateBuild>(),
        ];
    }

    /// <summary>What is offered to that platform's agents; null where nothing is.</summary>
    public UpdateBuild? Find(string platform)
    {
        var path = Path.Combine(folder, platform + Suffix);
        try
        {
            return UpdateOffer.IsPlatform(platform) && File.Exists(path)
                ? JsonSerializer.Deserialize<UpdateBuild>(File.ReadAllBytes(path), JsonSerializerOptions.Web)
                : null;
        }
        catch (Exception failure) when (failure is JsonException or IOException or UnauthorizedAccessException)
        {
            throw BackupHttpServerErrors.BadBuild(path, failure.Message);
        }
    }

    /// <summary>The program with that hash; null where none such is offered.</summary>
    public FileStream? Open(string sha256)
    {
        try
        {
            return List().FirstOrDefault(build => build.Sha256 == sha256) is { } found
                ? new FileStream(
                    Path.Combine(folder, found.File),
                    FileMode.Open,
                    FileAccess.Read,
                    FileShare.Read,
                    Block
                )
                : null;
        }
        catch (FileNotFoundException)
        {
            // Replaced by another one just now.
            return null;
        }
    }

    private UpdateBuild TakeIn(string path, string version)
    {
        try
        {
            using var source = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, Block);
            if (source.Length > UpdateOffer.MostLength)
            {
                throw BackupHttpServerErrors.BadBuild(path, $"it has more than {UpdateOffer.MostLength} bytes");
            }

            var name = Program + Guid.NewGuid().ToString("N");
            using var kept = DurableFile.Create(Path.Combine(folder, name));
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = ArrayPool<byte>.Shared.Rent(Block);
            try
            {
                var header = new byte[HeaderLength];
                for (int read; (read = source.Read(buffer)) > 0; )
                {
                    if (kept.Length < HeaderLength)
                    {
                        var begin = Math.Min(read, HeaderLength - (int)kept.Length);
                        buffer.AsSpan(0, begin).CopyTo(header.AsSpan((int)kept.Length));
                    }

                    hash.AppendData(buffer, 0, read);
                    kept.Append(buffer.AsSpan(0, read));
                }

                var platform =
                    PlatformOf(header)
                    ?? throw BackupHttpServerErrors.BadBuild(path, "it is no program for Linux on x64 or arm64");
                kept.Publish();
                return new UpdateBuild(
                    version,
                    platform,
                    Convert.ToHexStringLower(hash.GetHashAndReset()),
                    kept.Length,
                    name
                );
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw BackupHttpServerErrors.BadBuild(path, failure.Message);
        }
    }

    private static string? PlatformOf(ReadOnlySpan<byte> header) =>
        !header.StartsWith("\u007fELF\u0002\u0001"u8)
            ? null
            : BinaryPrimitives.ReadUInt16LittleEndian(header[MachineOffset..]) switch
            {
                X64 => "linux-x64",
                Arm64 => "linux-arm64",
                _ => null,
            };

    private void RemoveUnnamed()
    {
        var named = List().Select(build => build.File).ToHashSet(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(folder, Program + "*"))
        {
            if (!named.Contains(Path.GetFileName(path)))
            {
                DurableFile.Delete(path);
            }
        }
    }
}
