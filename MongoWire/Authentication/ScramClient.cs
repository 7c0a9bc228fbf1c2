using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Backup.MongoWire.Authentication;

/// <summary>
/// The client's half of one SCRAM exchange: <see cref="First"/>, <see cref="Final"/>, <see cref="Verify"/>, in that
/// order. The server has to prove that it knows the password too.
/// </summary>
internal sealed class ScramClient(ScramMechanism mechanism, string username, string preparedPassword, string nonce)
{
    internal const int MinIterations = 4096;

    /// <summary>A hostile server must not keep this process busy for minutes.</summary>
    internal const int MaxIterations = 1_000_000;

    private byte[] _serverSignature = [];

    private string FirstBare => $"n={ScramMessage.Escape(username)},r={nonce}";

    internal byte[] First() => Encoding.UTF8.GetBytes("n,," + FirstBare);

    /// <summary>Answers the server's first message.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2122 where it is not what a genuine server sends.</exception>
    internal byte[] Final(ReadOnlySpan<byte> serverFirst)
    {
        var message = Encoding.UTF8.GetString(serverFirst);
        var serverNonce = ScramMessage.Find(message, 'r');
        var salt = ScramMessage.FromBase64(ScramMessage.Find(message, 's'));
        if (serverNonce is null || !serverNonce.StartsWith(nonce, StringComparison.Ordinal) || serverNonce == nonce)
        {
            throw MongoWireErrors.NotGenuine("its nonce does not continue ours");
        }

        if (salt is null || salt.Length == 0)
        {
            throw MongoWireErrors.NotGenuine("it sent no salt");
        }

        var iterations = ReadIterations(message);
        var salted = ScramKeys.Salted(mechanism, preparedPassword, salt, iterations);
        var clientKey = ScramKeys.ClientKey(mechanism, salted);
        var withoutProof = $"c=biws,r={serverNonce}";
        var auth = Encoding.UTF8.GetBytes($"{FirstBare},{message},{withoutProof}");
        var signature = ScramKeys.Mac(mechanism, ScramKeys.Hash(mechanism, clientKey), auth);
        _serverSignature = ScramKeys.Mac(mechanism, ScramKeys.ServerKey(mechanism, salted), auth);
        CryptographicOperations.ZeroMemory(salted);
        return Encoding.UTF8.GetBytes(
            $"{withoutProof},p={Convert.ToBase64String(ScramKeys.Xor(clientKey, signature))}"
        );
    }

    /// <summary>Checks the server's proof, in constant time.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2122 where it is wrong or missing.</exception>
    internal void Verify(ReadOnlySpan<byte> serverFinal)
    {
        var proof = ScramMessage.FromBase64(ScramMessage.Find(Encoding.UTF8.GetString(serverFinal), 'v'));
        if (_serverSignature.Length == 0 || !CryptographicOperations.FixedTimeEquals(proof, _serverSignature))
        {
            throw MongoWireErrors.NotGenuine("its signature is wrong");
        }
    }

    private static int ReadIterations(string message)
    {
        var text = ScramMessage.Find(message, 'i');
        return
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            && iterations is >= MinIterations and <= MaxIterations
            ? iterations
            : throw MongoWireErrors.NotGenuine(
                $"it asks for an iteration count outside {MinIterations} to {MaxIterations}"
            );
    }
}
