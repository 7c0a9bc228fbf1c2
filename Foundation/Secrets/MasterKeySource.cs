using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Backup.Foundation.Errors;

namespace Backup.Foundation.Secrets;

/// <summary>Where a master key is kept, outside the appliance. What is read on the way is overwritten.</summary>
public abstract record MasterKeySource
{
    /// <summary>In hexadecimal digits.</summary>
    private const int TextLength = 2 * Xaes256Gcm.KeyLength;

    /// <summary>More is no key: it is not read.</summary>
    private const int MostRead = 4096;

    /// <summary>For people; nothing of the key.</summary>
    public abstract string Name { get; }

    /// <summary>Whether there is something to be read; of a command this is not known before it runs.</summary>
    public virtual bool IsThere => true;

    /// <exception cref="BackupException">1020 where it is no key, or cannot be had; 1021 where others than its owner may read it.</exception>
    public async Task<MasterKey> ReadAsync(TimeProvider time, CancellationToken cancellation)
    {
        var bytes = GC.AllocateArray<byte>(MostRead, pinned: true);
        try
        {
            return Parse(bytes.AsSpan(0, await ReadAsync(bytes, time, cancellation)));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <returns>How many bytes were read.</returns>
    private protected abstract ValueTask<int> ReadAsync(byte[] into, TimeProvider time, CancellationToken cancellation);

    private protected BackupException Unusable(string why, Exception? inner = null) =>
        FoundationErrors.MasterKey(Name, why, inner);

    private MasterKey Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == Xaes256Gcm.KeyLength)
        {
            return new MasterKey(bytes);
        }

        var text = bytes.Trim(" \t\r\n"u8);
        Span<byte> key = stackalloc byte[Xaes256Gcm.KeyLength];
        try
        {
            return text.Length == TextLength && TryHex(text, key)
                ? new MasterKey(key)
                : throw Unusable(
                    $"it has {bytes.Length} bytes, and is neither {Xaes256Gcm.KeyLength} bytes nor {TextLength} hexadecimal digits"
                );
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static bool TryHex(ReadOnlySpan<byte> text, Span<byte> key) =>
        Convert.FromHexString(text, key, out _, out var written) == System.Buffers.OperationStatus.Done
        && written == key.Length;

    /// <summary>In a file that its owner alone may read: 32 bytes, or 64 hexadecimal digits.</summary>
    public sealed record OfFile(string Path) : MasterKeySource
    {
        public override string Name => $"file '{Path}'";

        public override bool IsThere => File.Exists(Path);

        private protected override ValueTask<int> ReadAsync(
            byte[] into,
            TimeProvider time,
            CancellationToken cancellation
        )
        {
            const UnixFileMode others =
                UnixFileMode.GroupRead
                | UnixFileMode.GroupWrite
                | UnixFileMode.GroupExecute
                | UnixFileMode.OtherRead
                | UnixFileMode.OtherWrite
                | UnixFileMode.OtherExecute;
            try
            {
                using var file = File.OpenHandle(Path, FileMode.Open, FileAccess.Read);
                // Of what was opened, whatever has that name by now.
                if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & others) != 0)
                {
                    throw FoundationErrors.OpenMasterKey(Path);
                }

                return new(RandomAccess.Read(file, into, 0));
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw Unusable(failure.Message, failure);
            }
        }
    }

    /// <summary>In a variable of the environment: 64 hexadecimal digits. It is taken out of the environment, so that no program that is started has it.</summary>
    public sealed record OfVariable(string Variable) : MasterKeySource
    {
        public override string Name => $"variable {Variable}";

        public override bool IsThere => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable));

        private protected override ValueTask<int> ReadAsync(
            byte[] into,
            TimeProvider time,
            CancellationToken cancellation
        )
        {
            if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 and <= MostRead } text)
            {
                throw Unusable("it is not set, or is too long");
            }

            Environment.SetEnvironmentVariable(Variable, null);
            return new(
                Encoding.UTF8.TryGetBytes(text, into, out var written) ? written : throw Unusable("it is too long")
            );
        }
    }

    /// <summary>What a command writes to its standard output: 32 bytes, or 64 hexadecimal digits. The key stands on no command line.</summary>
    /// <param name="Command">For <c>/bin/sh -c</c>.</param>
    public sealed record OfCommand(string Command) : MasterKeySource
    {
        /// <summary>Then it is killed, with all that it started; 30 s unless set.</summary>
        public TimeSpan AtMost { get; init; } = TimeSpan.FromSeconds(30);

        public override string Name => "command of the configuration";

        private protected override async ValueTask<int> ReadAsync(
            byte[] into,
            TimeProvider time,
            CancellationToken cancellation
        )
        {
            using var process = Start();
            try
            {
                process.StandardInput.Close();
                // What it complains of is for the journal of this service, not for a message that may hold a secret.
                var read = await ReadToEndAsync(process.StandardOutput.BaseStream, into)
                    .WaitAsync(AtMost, time, cancellation);
                await process.WaitForExitAsync(CancellationToken.None).WaitAsync(AtMost, time, cancellation);
                return process.ExitCode == 0 ? read : throw Unusable($"it ended with exit code {process.ExitCode}");
            }
            catch (TimeoutException late)
            {
                throw Unusable($"it did not end within {AtMost.TotalSeconds} s", late);
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }
            }
        }

        private Process Start()
        {
            try
            {
                return Process.Start(
                    new ProcessStartInfo("/bin/sh", ["-c", Command])
                    {
                        RedirectStandardInput = true,
                        RedirectStandardOutput = true,
                    }
                )!;
            }
            catch (Win32Exception missing)
            {
                throw Unusable(missing.Message, missing);
            }
        }

        private async Task<int> ReadToEndAsync(Stream from, byte[] into)
        {
            var total = 0;
            while (true)
            {
                if (total == into.Length)
                {
                    throw Unusable($"it writes more than {into.Length - 1} bytes");
                }

                var read = await from.ReadAsync(into.AsMemory(total), CancellationToken.None);
                if (read == 0)
                {
                    return total;
                }

                total += read;
            }
        }
    }
}
