namespace Backup.MongoWire.Authentication;

/// <summary>The attributes <c>x=value</c> of a SCRAM message, separated by commas, in their order.</summary>
internal static class ScramMessage
{
    /// <summary>The value of an attribute, or null. The first attribute of that letter counts.</summary>
    internal static string? Find(string message, char name)
    {
        foreach (var part in message.Split(','))
        {
            if (part.Length >= 2 && part[0] == name && part[1] == '=')
            {
                return part[2..];
            }
        }

        return null;
    }

    internal static string Escape(string username) =>
        username.Replace("=", "=3D", StringComparison.Ordinal).Replace(",", "=2C", StringComparison.Ordinal);

    internal static string Unescape(string name) =>
        name.Replace("=2C", ",", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal);

    /// <summary>Base64, or null where it is none.</summary>
    internal static byte[]? FromBase64(string? text)
    {
        var bytes = new byte[text?.Length ?? 0];
        return text is not null && Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }
}
