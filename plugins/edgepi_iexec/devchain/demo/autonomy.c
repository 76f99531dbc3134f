/* How often does a winter month end in the dark?
 *
 * A node of 1 W lives on a battery of 100 Wh and a small panel. Each day's harvest is drawn at random: clear,
 * cloudy or dark days that tend to follow their like, or one of the days of a dataset or of input files (one
 * number in Wh a line). Counts the months of thirty days in which the battery runs empty at least once.
 *
 *     autonomy MONTHS SEED
 *
 * Whole numbers only (mWh), no library: the same seed gives the same bytes on every architecture. Writes
 * result.txt, whose hash is what workers agree on, and computed.json, which says so to the worker; its
 * callback-data is the share of dark months in millionths, as one 32-byte number for a contract.
 */

typedef unsigned long u64; /* 64 bits on x86-64 and arm64 */

#if defined(__x86_64__)
enum { READ = 0, WRITE = 1, CLOSE = 3, EXIT = 60, OPENAT = 257 };
__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call begin\n");
static long call(long n, long a, long b, long c, long d)
{
    register long r10 __asm__("r10") = d;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
enum { READ = 63, WRITE = 64, CLOSE = 57, EXIT = 93, OPENAT = 56 };
__asm__(".globl _start\n_start:\n mov x29,#0\n mov x30,#0\n mov x0,sp\n bl begin\n");
static long call(long n, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = n;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
#else
#error "x86-64 or arm64"
#endif

enum { HERE = -100, CREATE = 01101 /* write only, create, truncate */, MOST_DAYS = 4096, LONGEST = 4096 };
enum { LOAD = 24000, BATTERY = 100000, CLEAR = 75000, CLOUDY = 35000, DARK = 10000 }; /* mWh a day */

static u64 days[MOST_DAYS];
static u64 day_count;
static char text[LONGEST];
static u64 text_size;

static u64 length(const char *s)
{
    u64 n = 0;
    while (s[n])
        n++;
    return n;
}

static void say(int file, const char *s) { call(WRITE, file, (long)s, (long)length(s), 0); }

__attribute__((noreturn)) static void leave(int code)
{
    for (;;)
        call(EXIT, code, 0, 0, 0);
}

__attribute__((noreturn)) static void fail(const char *why)
{
    say(2, why);
    say(2, "\n");
    leave(2);
}

static void put(const char *s)
{
    while (*s && text_size < LONGEST - 1)
        text[text_size++] = *s++;
}

static void put_number(u64 value)
{
    char digits[21];
    int n = 20;
    digits[n] = 0;
    do
        digits[--n] = (char)('0' + value % 10);
    while (value /= 10);
    put(digits + n);
}

static void put_word(u64 value) /* 32 bytes in hex, as a contract reads them */
{
    put("0x");
    for (int n = 63; n >= 0; n--) {
        char digit[2] = {0, 0};
        digit[0] = n < 16 ? "0123456789abcdef"[(value >> (4 * n)) & 15] : '0';
        put(digit);
    }
}

static u64 number(const char *s)
{
    u64 value = 0;
    if (!*s)
        fail("usage: autonomy MONTHS SEED");
    for (; *s; s++) {
        if (*s < '0' || *s > '9' || value > 100000000000000000UL)
            fail("usage: autonomy MONTHS SEED (whole numbers)");
        value = value * 10 + (u64)(*s - '0');
    }
    return value;
}

static const char *setting(char **environment, const char *name)
{
    u64 n = length(name);
    for (; *environment; environment++) {
        u64 i = 0;
        while (i < n && (*environment)[i] == name[i])
            i++;
        if (i == n && (*environment)[n] == '=')
            return *environment + n + 1;
    }
    return 0;
}

static void read_days(const char *folder, const char *name) /* Wh, one a line; what follows a point is left out */
{
    text_size = 0;
    put(folder);
    put("/");
    put(name);
    text[text_size] = 0;
    long file = call(OPENAT, HERE, (long)text, 0, 0);
    if (file < 0)
        fail("a file of days cannot be read");
    char piece[512];
    u64 value = 0;
    int digits = 0, past_point = 0;
    for (;;) {
        long size = call(READ, file, (long)piece, sizeof piece, 0);
        if (size < 0)
            fail("a file of days cannot be read");
        if (size == 0) { /* the last line may have no end */
            piece[0] = '\n';
            size = 1;
            past_point |= 2;
        }
        for (long i = 0; i < size; i++) {
            char c = piece[i];
            if (c == '\n') {
                if (digits && day_count < MOST_DAYS)
                    days[day_count++] = value * 1000;
                value = 0;
                digits = 0;
                past_point &= 2;
            } else if (c == '.') {
                past_point |= 1;
            } else if (c >= '0' && c <= '9' && !(past_point & 1)) {
                if (value < 1000000)
                    value = value * 10 + (u64)(c - '0');
                digits = 1;
            }
        }
        if (past_point & 2)
            break;
    }
    call(CLOSE, file, 0, 0, 0);
}

static void read_all_days(char **environment)
{
    static const char none[] = "0x0000000000000000000000000000000000000000";
    const char *folder = setting(environment, "IEXEC_IN");
    const char *dataset = setting(environment, "IEXEC_DATASET_FILENAME");
    const char *count = setting(environment, "IEXEC_INPUT_FILES_NUMBER");
    if (!folder)
        folder = "/iexec_in";
    if (dataset && *dataset) {
        u64 i = 0;
        while (none[i] && dataset[i] == none[i])
            i++;
        if (none[i] || dataset[i])
            read_days(folder, dataset);
    }
    u64 files = count && *count ? number(count) : 0;
    for (u64 n = 1; n <= files && n <= 64; n++) {
        text_size = 0;
        put("IEXEC_INPUT_FILE_NAME_");
        put_number(n);
        text[text_size] = 0;
        const char *name = setting(environment, text);
        if (!name)
            fail("an input file has no name");
        read_days(folder, name);
    }
}

static u64 state;

static u64 chance(u64 below) /* splitmix64 */
{
    u64 z = (state += 0x9e3779b97f4a7c15UL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9UL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebUL;
    z ^= z >> 31;
    return ((z >> 32) * below) >> 32;
}

static u64 harvest(u64 *weather)
{
    static const u64 built_in[] = {CLEAR, CLOUDY, DARK};
    if (day_count)
        return days[chance(day_count)];
    if (chance(10) >= 6) /* six days of ten are like the day before */
        *weather = chance(3);
    return built_in[*weather];
}

static int goes_dark(void)
{
    u64 charge = BATTERY, weather = chance(3);
    for (int day = 0; day < 30; day++) {
        charge += harvest(&weather);
        if (charge > BATTERY + LOAD)
            charge = BATTERY + LOAD; /* what is used by day needs no room in the battery */
        if (charge < LOAD)
            return 1;
        charge -= LOAD;
    }
    return 0;
}

static void write_file(const char *folder, const char *name)
{
    char path[LONGEST];
    u64 n = 0;
    for (const char *s = folder; *s && n < LONGEST - 64; s++)
        path[n++] = *s;
    path[n++] = '/';
    for (const char *s = name; *s; s++)
        path[n++] = *s;
    path[n] = 0;
    long file = call(OPENAT, HERE, (long)path, CREATE, 0644);
    if (file < 0)
        fail("the result cannot be written");
    for (u64 at = 0; at < text_size;) {
        long done = call(WRITE, file, (long)text + (long)at, (long)(text_size - at), 0);
        if (done <= 0)
            fail("the result cannot be written");
        at += (u64)done;
    }
    call(CLOSE, file, 0, 0, 0);
}

__attribute__((noreturn, used)) void begin(long *stack)
{
    long count = stack[0];
    char **arguments = (char **)(stack + 1), **environment = (char **)(stack + count + 2);
    if (count != 3)
        fail("usage: autonomy MONTHS SEED");
    u64 months = number(arguments[1]), dark = 0;
    state = number(arguments[2]);
    if (!months || months > 1000000000000UL)
        fail("usage: autonomy MONTHS SEED (1 to 1000000000000 months)");
    read_all_days(environment);
    for (u64 n = 0; n < months; n++)
        dark += (u64)goes_dark();
    u64 millionths = dark * 1000000UL / months;
    const char *folder = setting(environment, "IEXEC_OUT");
    if (!folder || !*folder)
        folder = "/iexec_out";

    text_size = 0;
    put("months ");
    put_number(months);
    put("\nseed ");
    put(arguments[2]);
    put("\ndays_read ");
    put_number(day_count);
    put("\ndark_months ");
    put_number(dark);
    put("\ndark_millionths ");
    put_number(millionths);
    put("\n");
    write_file(folder, "result.txt");
    text[text_size] = 0;
    say(1, text);

    text_size = 0;
    put("{\"deterministic-output-path\":\"/iexec_out/result.txt\",\"callback-data\":\"");
    put_word(millionths);
    put("\"}\n");
    write_file(folder, "computed.json");
    leave(0);
}
